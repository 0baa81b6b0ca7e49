/**
 * A socket of node:net as two streams. Not by `Duplex.toWeb`: that of Node 20 ends the readable when both halves have
 * ended.
 *
 * @param {import('node:net').Socket} socket
 */
export function streamsOf(socket) {
  // Whoever reads or writes hears of an error.
  socket.on('error', () => {});
  const chunks = socket.iterator({ destroyOnReturn: false });
  return {
    readable: new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => void socket.destroy(),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream({
      write: (chunk) =>
        new Promise((resolve, reject) => {
          socket.write(chunk, (error) => (error ? reject(error) : resolve()));
        }),
      close: () => new Promise((resolve) => socket.end(resolve)),
      abort: () => void socket.destroy(),
    }),
    close: () => void socket.destroy(),
  };
}
