/** The attacks of the siege: against which server, by how many, and what bounds the memory that it takes. */

const KIBI = 1024;
const MEBI = 1024 * KIBI;

/** What an open connection costs by itself, at the most: socket, request, states. */
const CONNECTION = 8 * KIBI;
/** What a request on its way costs by itself, at the most: socket and parser of node:http. */
const REQUEST = 16 * KIBI;
/** What one read of a socket brings, and a slab of memory for what is sent. */
const READ = 64 * KIBI;
/**
 * What the server keeps for all connections together, at the most: the buffer that all read into, spare slabs for what
 * is sent, zlib's contexts.
 */
const SHARED = 2 * MEBI;
/** A message of up to 4 KiB goes into a slab of 64 KiB; a slab of which less is left is full. */
const SLABS = 16 / 15;

/**
 * `limit` is in words what `bound` is in bytes.
 *
 * @typedef {{ name: string, connections: number, server: object, limit: string, bound: number }} Attack
 * @type {Attack[]}
 */
export const SIEGE = [
  {
    name: 'slow handshake',
    connections: 2000,
    server: {},
    limit: "Node's maxHeaderSize (16 KiB) and 16 KiB a request, until headersTimeout (60 s)",
    bound: 2000 * (16 * KIBI + REQUEST),
  },
  {
    name: 'slow header',
    connections: 2000,
    server: {},
    limit: '8 KiB and 14 bytes a connection',
    bound: 2000 * (CONNECTION + 14),
  },
  {
    name: 'slow payload',
    connections: 2000,
    server: {},
    limit: '8 KiB a connection, and 16 times what has come of the 16 MiB (maxPayload)',
    bound: 2000 * (CONNECTION + 16 * 30),
  },
  {
    name: 'tiny fragments',
    connections: 4,
    server: { echoUpTo: 4 * KIBI },
    limit: '1 MiB for 200,000 fragments of a byte (maxPayload bounds their bytes)',
    bound: 4 * MEBI + SHARED,
  },
  {
    name: 'ping flood',
    connections: 4,
    server: {},
    limit: 'the pongs of one read of 64 KiB, and 16 KiB that wait',
    bound: 4 * (READ + 16 * KIBI) + SHARED,
  },
  {
    name: 'pings, answers not read',
    connections: 50,
    server: {},
    limit: 'the pongs of one read of 64 KiB, and 16 KiB that wait, until closeTimeout',
    bound: 50 * (CONNECTION + READ + 16 * KIBI + READ) + SHARED,
  },
  {
    name: 'connection flood',
    connections: 64,
    server: { maxConnections: 1000 },
    limit: 'maxConnections: 1000, of 8 KiB',
    bound: 1000 * CONNECTION + 64 * REQUEST,
  },
  {
    name: 'compression bombs of 16 MiB',
    connections: 8,
    server: { echoUpTo: 4 * KIBI },
    limit: 'half of concurrencyLimit (4 at the most) x 2 x maxPayload (16 MiB), and what waits',
    bound: 2 * 2 * 16 * MEBI + 8 * READ * 2,
  },
  {
    name: 'compression bombs of 100 MiB',
    connections: 8,
    server: { echoUpTo: 4 * KIBI },
    limit: 'half of concurrencyLimit (4 at the most) x 2 x maxPayload (16 MiB), and what waits',
    bound: 2 * 2 * 16 * MEBI + 8 * READ * 4,
  },
  {
    name: 'header bombs',
    connections: 64,
    server: {},
    limit: "Node's maxHeaderSize (16 KiB), four times, and 16 KiB a request",
    bound: 64 * (4 * 16 * KIBI + REQUEST),
  },
  {
    name: 'never reads',
    connections: 50,
    server: { maxBufferedAmount: MEBI, echoUpTo: 4 * KIBI },
    limit: 'maxBufferedAmount: 1 MiB, a message, the slabs that they lie in, and what of a read waits',
    bound: 50 * (MEBI * SLABS + CONNECTION + 4 * KIBI + 2 * READ) + SHARED,
  },
];
