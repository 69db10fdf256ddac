// The forces as tiles: one each, of one size, so that a large county does not shout down a small city.
import type { Force } from "../../generated/muster/v1/catalogue_pb";
import { COLUMNS, ROWS, TILES } from "../tile_layout";
import { usePage } from "./context";

const SIZE = 64;
const GAP = 4;
// More letters than this are drawn narrower, to stay inside the tile.
const MAX_LETTERS = 7;

export interface TileContent {
  look: string; // Names the style: app-tile--LOOK.
  signs: string; // What fits into a tile; never a number without its qualifier.
  text: string; // The same in words.
}

export function TileMap(props: { title: string; contentOf: (force: Force) => TileContent; tileKey: string }) {
  const { reference } = usePage();
  const { title, contentOf, tileKey } = props;
  const edge = SIZE - GAP;
  return (
    <figure class="app-map">
      <svg
        class="app-map__tiles"
        viewBox={`0 0 ${COLUMNS * SIZE} ${ROWS * SIZE}`}
        role="img"
        aria-label={`Map of forces. ${title}`}
      >
        {reference.catalogue.forces.map((force) => {
          const place = TILES[force.onsCode];
          if (place === undefined) return null;
          const { look, signs, text } = contentOf(force);
          const narrow =
            signs.length > MAX_LETTERS
              ? { textLength: String(edge - 8), lengthAdjust: "spacingAndGlyphs" as const }
              : {};
          return (
            <g
              key={force.id}
              class={`app-tile app-tile--${look}`}
              transform={`translate(${(place.column - 1) * SIZE + GAP / 2} ${(place.row - 1) * SIZE + GAP / 2})`}
            >
              <title>{`${force.name}: ${text}`}</title>
              <rect class="app-tile__back" width={edge} height={edge} />
              <text class="app-tile__name" x={edge / 2} y="25" text-anchor="middle">
                {place.short}
              </text>
              <text class="app-tile__value" x={edge / 2} y="45" text-anchor="middle" {...narrow}>
                {signs}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption class="app-key">{tileKey}</figcaption>
    </figure>
  );
}
