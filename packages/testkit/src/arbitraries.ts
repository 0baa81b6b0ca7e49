export * from './arbitrary-streams.ts';
export * from './arbitrary-text.ts';
export * from './arbitrary-values.ts';
export * from './arbitrary-violations.ts';
