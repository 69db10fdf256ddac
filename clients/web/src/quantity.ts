// Values for people, exactly: int64 is bigint here, and no value is ever a float. The words are those of the command
// line; both are held to tests/wordings.
import { Dimension } from "../generated/muster/v1/catalogue_pb";
import { Unit } from "../generated/muster/v1/result_pb";

const BASE_UNITS: Record<Unit, bigint> = {
  [Unit.UNSPECIFIED]: 0n,
  [Unit.COUNT]: 1n,
  [Unit.MILLIGRAM]: 1n,
  [Unit.GRAM]: 1_000n,
  [Unit.KILOGRAM]: 1_000_000n,
  [Unit.PENNY]: 1n,
  [Unit.POUND]: 100n,
  [Unit.MILLILITRE]: 1n,
  [Unit.LITRE]: 1_000n,
  [Unit.MINUTE]: 1n,
  [Unit.HOUR]: 60n,
};

// How many base units of its dimension one `unit` is: 1,000,000 for KILOGRAM. 0 for no unit.
export function baseUnitsIn(unit: Unit): bigint {
  return BASE_UNITS[unit] ?? 0n;
}

// "1,234,567".
export function withThousands(number: bigint | number): string {
  const text = number.toString();
  const digits = text.replace("-", "").replace(/\B(?=(\d{3})+$)/g, ",");
  return text.startsWith("-") ? `-${digits}` : digits;
}

// "1 force", "1,200 forces", "2 people".
export function counted(number: bigint | number, one: string, several = `${one}s`): string {
  return `${withThousands(number)} ${BigInt(number) === 1n ? one : several}`;
}

// `number` / `divisor`, a power of ten, as an exact decimal without trailing zeros.
function decimal(number: bigint, divisor: bigint): string {
  const rest = number % divisor;
  const whole = withThousands(number / divisor);
  if (rest === 0n) return whole;
  const places = divisor.toString().length - 1;
  return `${whole}.${rest.toString().padStart(places, "0").replace(/0+$/, "")}`;
}

// A value of the dimension's base unit in the unit that reads best: "£124,095", "£12.50", "430 g", "1.4705 kg", "230",
// "2 h 30 min", "1.5 l", "37%". Differences may be negative: "-£12.50".
export function formatQuantity(baseValue: bigint, dimension: Dimension): string {
  if (baseValue < 0n) return `-${formatQuantity(-baseValue, dimension)}`;
  switch (dimension) {
    case Dimension.MASS:
      if (baseValue >= 1_000_000n) return `${decimal(baseValue, 1_000_000n)} kg`;
      if (baseValue >= 1_000n || baseValue === 0n) return `${decimal(baseValue, 1_000n)} g`;
      return `${baseValue} mg`;
    case Dimension.MONEY: {
      const pence = baseValue % 100n;
      const pounds = `£${withThousands(baseValue / 100n)}`;
      return pence === 0n ? pounds : `${pounds}.${pence.toString().padStart(2, "0")}`;
    }
    case Dimension.VOLUME:
      return baseValue >= 1_000n ? `${decimal(baseValue, 1_000n)} l` : `${baseValue} ml`;
    case Dimension.TIME: {
      if (baseValue < 60n) return `${baseValue} min`;
      const minutes = baseValue % 60n;
      const hours = `${withThousands(baseValue / 60n)} h`;
      return minutes === 0n ? hours : `${hours} ${minutes} min`;
    }
    case Dimension.PERCENT:
      return `${withThousands(baseValue)}%`;
    default:
      return withThousands(baseValue);
  }
}
