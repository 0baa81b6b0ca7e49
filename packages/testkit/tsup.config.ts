import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';

export default defineConfig([
  // Side by side: neither may clean what the other has written. `vector-files` is for the script that writes them, and
  // not shipped.
  { ...base, entry: ['src/index.ts', 'src/vector-files.ts'], clean: ['!fault-pipe.*', '!raw-client.*'] },
  {
    ...base,
    entry: ['src/fault-pipe.ts', 'src/raw-client.ts'],
    platform: 'node',
    tsconfig: 'tsconfig.node.json',
    clean: false,
  },
]);
