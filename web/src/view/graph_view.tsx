/*
 * The graph around a page, as a picture that is moved and zoomed, whose pages are links in the order of their distance,
 * and as a list. The picture fits itself into the window until someone moves it.
 */
import { useComputed, useSignal } from '@preact/signals';
import { select } from 'd3-selection';
import { zoom, zoomIdentity, type ZoomTransform } from 'd3-zoom';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { graph, pageHref, shownUid } from '../desk.js';
import { readBlock } from '../model/blocks.js';
import { neighbourhood, type Neighbourhood } from '../model/neighbourhood.js';
import { layoutOf, radiusOf, type Layout, type Place } from './graph_layout.js';
import { useSliced } from './use_sliced.js';
import './graph_view.css';

const DEPTHS = [1, 2, 3] as const;

/* More cannot be told apart. */
const PAGES_MAX = 80;

const SCALES: [number, number] = [0.2, 4];

/* Below this scale the labels of distant pages would stand over one another: they are shown for the one that is pointed at. */
const LABELS_SCALE = 1;

const LABEL_MAX = 28;

/* Room for labels at the edges. */
const MARGIN = 60;

export function GraphView(): VNode {
  const depth = useSignal(1);
  const around = useSliced(
    () => `${depth.value} ${shownUid.value ?? ''}`,
    (db, key) => neighbourhood(db, key.slice(key.indexOf(' ') + 1), Number(key[0]), PAGES_MAX),
  );
  const found = around.value?.result;
  return (
    <div class="graph-view">
      <div class="graph-bar">
        <h1>Around <Here /></h1>
        <div class="kinds" role="group" aria-label="Depth">
          {DEPTHS.map((each) => (
            <button key={each} aria-pressed={depth.value === each} aria-label={each === 1 ? '1 link away' : `${each} links away`} onClick={() => (depth.value = each)}>
              {each}
            </button>
          ))}
        </div>
      </div>
      {found && <Picture key={shownUid.value} found={found} />}
      {found && <Note found={found} />}
      {found && <List found={found} />}
    </div>
  );
}

function Here(): VNode {
  const title = useComputed(() => readBlock(graph.db.value, shownUid.value ?? '')?.title).value;
  return <a href={pageHref(shownUid.value ?? '')}>{title ?? 'a page that is not there'}</a>;
}

function Note({ found }: { found: Neighbourhood }): VNode | null {
  if (found.nodes.length === 1) return <p class="graph-note">No page links to this one, and it links to none.</p>;
  if (found.leftOut === 0) return null;
  return <p class="graph-note">{found.leftOut.toLocaleString()} more pages with fewer links are left out.</p>;
}

function Picture({ found }: { found: Neighbourhood }): VNode {
  const frame = useSignal(0);
  const isMoving = useSignal(true);
  const transform = useSignal<ZoomTransform>(zoomIdentity);
  const isMoved = useRef(false);
  const svg = useRef<SVGSVGElement>(null);
  const last = useRef<Layout | undefined>(undefined);
  const isStill = useMemo(() => matchMedia('(prefers-reduced-motion: reduce)').matches, []);
  const layout = useMemo(() => (last.current = layoutOf(found, last.current, isStill)), [found]);
  const behaviour = useMemo(() => zoom<SVGSVGElement, unknown>().scaleExtent(SCALES), []);
  const fit = (): void => {
    // The observer may tell of the size that it has when it goes.
    if (!svg.current) return;
    const { clientWidth, clientHeight } = svg.current;
    behaviour.transform(select(svg.current), fitting(last.current!.places, clientWidth, clientHeight));
  };
  const scaleBy = (factor: number): void => {
    isMoved.current = true;
    behaviour.scaleBy(select(svg.current!), factor);
  };
  useEffect(() => {
    behaviour.on('zoom', (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
      isMoved.current ||= event.sourceEvent !== null && event.sourceEvent !== undefined;
      transform.value = event.transform;
    });
    select(svg.current!).call(behaviour);
    const observer = new ResizeObserver(() => isMoved.current || fit());
    observer.observe(svg.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const drawn = (): void => {
      frame.value++;
      if (!isMoved.current) fit();
    };
    isMoving.value = !isStill;
    layout.simulation.on('tick', drawn).on('end', () => (isMoving.value = false));
    drawn();
    return () => void layout.simulation.stop();
  }, [layout]);
  frame.value;
  const { x, y, k } = transform.value;
  return (
    <div class="graph-picture">
      <svg ref={svg} role="group" aria-label="Pages and their links" aria-busy={isMoving.value} class={k < LABELS_SCALE ? 'small' : ''}>
        <g transform={`translate(${x},${y}) scale(${k})`}>
          {layout.lines.map(({ source, target }) => (
            <line key={`${source.uid} ${target.uid}`} x1={source.x} y1={source.y} x2={target.x} y2={target.y} />
          ))}
          {layout.places.map((place) => <Page key={place.uid} place={place} x={place.x} y={place.y} scale={k} />)}
        </g>
      </svg>
      <div class="graph-zoom">
        <button aria-label="Zoom in" title="Zoom in" onClick={() => scaleBy(1.4)}>+</button>
        <button aria-label="Zoom out" title="Zoom out" onClick={() => scaleBy(1 / 1.4)}>−</button>
        <button
          aria-label="Show all"
          title="Show all"
          onClick={() => {
            isMoved.current = false;
            fit();
          }}
        >
          ⤢
        </button>
      </div>
    </div>
  );
}

/* Its labels keep their size however far one zooms. */
function Page({ place, x, y, scale }: { place: Place; x: number; y: number; scale: number }): VNode {
  const { uid, title, distance } = place;
  const radius = radiusOf(place);
  const label = title.length > LABEL_MAX ? `${title.slice(0, LABEL_MAX - 1)}…` : title;
  return (
    <g transform={`translate(${x},${y})`}>
      <a href={pageHref(uid)} class={`page distance${distance}`} aria-label={title}>
        <title>{title}</title>
        <circle r={radius} />
        <text y={radius + 14 / scale} font-size={12 / scale} stroke-width={3 / scale}>{label}</text>
      </a>
    </g>
  );
}

/* All places in the middle of the window, no larger than life. */
function fitting(places: readonly Place[], width: number, height: number): ZoomTransform {
  const [xs, ys] = [places.map((place) => place.x), places.map((place) => place.y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min(1.25, (width - 2 * MARGIN) / Math.max(1, right - left), (height - 2 * MARGIN) / Math.max(1, bottom - top));
  return zoomIdentity
    .translate(width / 2, height / 2)
    .scale(Math.max(SCALES[0], scale))
    .translate(-(left + right) / 2, -(top + bottom) / 2);
}

function List({ found: { nodes } }: { found: Neighbourhood }): VNode {
  return (
    <details class="graph-list">
      <summary>The same as a list</summary>
      <ul>
        {nodes.slice(1).map(({ uid, title, distance, links }) => (
          <li key={uid}>
            <a href={pageHref(uid)}>{title}</a>
            <span class="hint">{distance > 1 && `${distance} away, `}{links === 1 ? '1 link' : `${links} links`}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
