/** The built package as a second instance: see codecs.js. */
declare module '*?pure' {
  const codec: typeof import('../../dist/index.d.ts');
  export = codec;
}
