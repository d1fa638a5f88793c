// Loaded before each program that is measured: tells its memory when asked, and ends it with whoever measures.
process.on('message', (asked) => {
  if (asked !== 'memory') return;
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.send?.({ heapUsed, rss, peakRss: process.resourceUsage().maxRSS * 1024 });
});
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
