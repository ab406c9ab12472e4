/* Timing: what is measured runs until it is warm, then some times more; the median counts. */
const WARM_MS = 100;
const MEASURED_MS = 300;
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 200;
const BATCH_MS = 3; // what is timed at once: the clock is in microseconds
const SLOW_MS = 1000;

export function median(times) {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

/* Of all threads of this process, so also of its garbage collector: others on the machine do not count. */
function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/* { ms, result }: processor time of a function. One that takes seconds is not warmed. */
export function measure(fn) {
  const begun = processorMs();
  let result = fn();
  const first = processorMs() - begun;
  if (first > SLOW_MS)
    return { ms: first, result };
  let rounds = 1;
  const warmed = processorMs();
  for (; processorMs() - warmed < WARM_MS; rounds++)
    fn();
  const batch = Math.max(1, Math.ceil((BATCH_MS * rounds) / WARM_MS));
  const times = [];
  for (const end = processorMs() + MEASURED_MS;
    times.length < ROUNDS_MIN || (processorMs() < end && times.length < ROUNDS_MAX);) {
    const start = processorMs();
    for (let i = 0; i < batch; i++)
      result = fn();
    times.push((processorMs() - start) / batch);
  }
  return { ms: median(times), result };
}

/* The median of the time it takes, for a function that answers later. */
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

/* Processor time of something that can be done only once. */
export function once(fn) {
  const begun = processorMs();
  fn();
  return processorMs() - begun;
}
