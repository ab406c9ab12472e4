import * as stoa from '../../../client/dist/index.js';

globalThis.longTasks = [];
new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: 'longtask', buffered: true });
globalThis.stoa = stoa;
