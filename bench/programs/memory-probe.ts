// Loaded before each measured program. Reports the memory of the program on request, and kills it when the benchmark ends.
process.on('message', (message) => {
  if (message !== 'memory') return;
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.send?.({ heapUsed, rss, peakRss: process.resourceUsage().maxRSS * 1024 });
});
const kill = () => process.kill(process.pid, 'SIGKILL');
process.once('disconnect', kill);
// The benchmark may have ended while this file was loaded.
if (!process.connected) kill();
process.channel?.unref();
