/*
 * Where the pages of a neighbourhood are drawn: d3-force moves linked ones together and all others apart. The page in the
 * middle stays there. Pages that were drawn before begin where they were, so that an edit does not turn all around.
 */
import {
  forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type Simulation, type SimulationNodeDatum,
} from 'd3-force';
import type { Edge, Neighbourhood, PageNode } from '../model/neighbourhood.js';

/* A page of the neighbourhood, and where it is. */
export interface Place extends PageNode, SimulationNodeDatum {
  x: number;
  y: number;
}

export type Line = Edge<Place>;

export interface Layout {
  readonly places: readonly Place[];
  readonly lines: readonly Line[];
  readonly simulation: Simulation<Place, undefined>;
}

/* Turns of the simulation until it rests, by d3-force's own pace. */
const TURNS = 300;

/* Labels stand below their circles and are wider than these. */
const LINK_LENGTH = 80;
const DISTANCE_MIN = 38;

export const radiusOf = ({ distance, links }: PageNode): number => (distance === 0 ? 11 : 4 + Math.min(7, Math.sqrt(links)));

/* `isStill` gives the layout at rest, for those who want nothing to move. */
export function layoutOf({ nodes, edges }: Neighbourhood, before: Layout | undefined, isStill: boolean): Layout {
  before?.simulation.stop();
  const known = new Map(before?.places.map((place) => [place.uid, place]));
  const places = nodes.map((node, i): Place => {
    const old = known.get(node.uid);
    const isMiddle = node.distance === 0;
    // New ones begin on a spiral around the middle.
    const [angle, radius] = [i * 2.4, 20 * Math.sqrt(i)];
    const { x, y } = old && !isMiddle ? old : { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
    return { ...node, x, y, ...(isMiddle ? { fx: 0, fy: 0 } : {}) };
  });
  const byUid = new Map(places.map((place) => [place.uid, place]));
  const lines = edges.map(({ source, target }): Line => ({ source: byUid.get(source)!, target: byUid.get(target)! }));
  const simulation = forceSimulation<Place>(places)
    .force('link', forceLink<Place, Line>([...lines]).distance(LINK_LENGTH))
    .force('charge', forceManyBody().strength(-260))
    .force('collide', forceCollide(DISTANCE_MIN))
    .force('x', forceX().strength(0.04))
    .force('y', forceY().strength(0.07));
  if (known.size > 0) simulation.alpha(0.3);
  if (isStill) simulation.stop().tick(TURNS);
  return { places, lines, simulation };
}
