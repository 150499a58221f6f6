/* Loaded into each part of ours: when the stack that started it is gone, killed or not, the part ends as if asked to. */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
