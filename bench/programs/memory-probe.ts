// Loaded before each program that is measured: tells its memory when asked, and ends it with whoever measures.
process.on('message', (message) => {
  if (message !== 'memory') return;
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.send?.({ heapUsed, rss, peakRss: process.resourceUsage().maxRSS * 1024 });
});
const end = () => process.kill(process.pid, 'SIGKILL');
process.once('disconnect', end);
// Who measures may have ended while this was being loaded.
if (!process.connected) end();
process.channel?.unref();
