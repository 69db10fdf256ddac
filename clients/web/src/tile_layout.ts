// Where each territorial force of England and Wales is on the map of tiles: laid by hand, about where it lies, so that
// neighbours stay neighbours where a grid allows it. Keyed by the code of the Office for National Statistics, which
// outlives names. Forces without a place here (national bodies, regional units) are in the tables.
export interface Tile {
  column: number; // From 1, west to east.
  row: number; // From 1, north to south.
  short: string; // Three letters at most.
}

export const COLUMNS = 7;
export const ROWS = 9;

const tile = (column: number, row: number, short: string): Tile => ({ column, row, short });

export const TILES: Record<string, Tile> = {
  E23000007: tile(4, 1, "NBR"), // Northumbria

  E23000002: tile(3, 2, "CUM"), // Cumbria
  E23000008: tile(4, 2, "DUR"), // Durham
  E23000013: tile(5, 2, "CLE"), // Cleveland

  E23000003: tile(3, 3, "LAN"), // Lancashire
  E23000010: tile(4, 3, "WYK"), // West Yorkshire
  E23000009: tile(5, 3, "NYK"), // North Yorkshire

  E23000004: tile(2, 4, "MER"), // Merseyside
  E23000005: tile(3, 4, "GMP"), // Greater Manchester
  E23000011: tile(4, 4, "SYK"), // South Yorkshire
  E23000012: tile(5, 4, "HUM"), // Humberside

  W15000001: tile(1, 5, "NWA"), // North Wales
  E23000006: tile(2, 5, "CHE"), // Cheshire
  E23000015: tile(3, 5, "STA"), // Staffordshire
  E23000018: tile(4, 5, "DER"), // Derbyshire
  E23000019: tile(5, 5, "NOT"), // Nottinghamshire
  E23000020: tile(6, 5, "LIN"), // Lincolnshire

  W15000004: tile(1, 6, "DYP"), // Dyfed-Powys
  E23000016: tile(2, 6, "WMC"), // West Mercia
  E23000014: tile(3, 6, "WMP"), // West Midlands
  E23000017: tile(4, 6, "WAR"), // Warwickshire
  E23000021: tile(5, 6, "LEI"), // Leicestershire
  E23000023: tile(6, 6, "CAM"), // Cambridgeshire
  E23000024: tile(7, 6, "NFK"), // Norfolk

  W15000003: tile(1, 7, "SWA"), // South Wales
  W15000002: tile(2, 7, "GWE"), // Gwent
  E23000037: tile(3, 7, "GLO"), // Gloucestershire
  E23000022: tile(4, 7, "NHP"), // Northamptonshire
  E23000026: tile(5, 7, "BED"), // Bedfordshire
  E23000027: tile(6, 7, "HRT"), // Hertfordshire
  E23000025: tile(7, 7, "SFK"), // Suffolk

  E23000036: tile(2, 8, "A&S"), // Avon and Somerset
  E23000038: tile(3, 8, "WIL"), // Wiltshire
  E23000029: tile(4, 8, "TVP"), // Thames Valley
  E23000001: tile(5, 8, "MET"), // Metropolitan Police
  E23000034: tile(6, 8, "COL"), // City of London
  E23000028: tile(7, 8, "ESX"), // Essex

  E23000035: tile(1, 9, "D&C"), // Devon and Cornwall
  E23000039: tile(2, 9, "DOR"), // Dorset
  E23000030: tile(3, 9, "HAN"), // Hampshire
  E23000031: tile(4, 9, "SRY"), // Surrey
  E23000033: tile(5, 9, "SSX"), // Sussex
  E23000032: tile(6, 9, "KNT"), // Kent
};
