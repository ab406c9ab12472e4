/* Timing: what is measured runs until it is warm, then some times more; the median counts. */
const WARM_MS = 300;
const MEASURED_MS = 700;
const ROUNDS_MIN = 5;
const ROUNDS_MAX = 200;

export function median(times) {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

/* { ms, result }: of a function. One that takes seconds is not warmed. */
export function measure(fn) {
  const begun = performance.now();
  let result = fn();
  const first = performance.now() - begun;
  if (first > 5000)
    return { ms: first, result };
  for (const end = performance.now() + WARM_MS - first; performance.now() < end;)
    fn();
  const times = [];
  for (const end = performance.now() + MEASURED_MS;
    times.length < ROUNDS_MIN || (performance.now() < end && times.length < ROUNDS_MAX);) {
    const start = performance.now();
    result = fn();
    times.push(performance.now() - start);
  }
  return { ms: median(times), result };
}

/* The same for a function that answers later. */
export async function measureAsync(fn) {
  for (const end = performance.now() + WARM_MS; performance.now() < end;)
    await fn();
  const times = [];
  for (const end = performance.now() + MEASURED_MS; times.length < ROUNDS_MIN || performance.now() < end;) {
    const start = performance.now();
    await fn();
    times.push(performance.now() - start);
  }
  return median(times);
}

/* Milliseconds of something that can be done only once. */
export function once(fn) {
  const begun = performance.now();
  fn();
  return performance.now() - begun;
}
