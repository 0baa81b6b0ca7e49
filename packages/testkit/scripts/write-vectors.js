/** Writes the files of `vectors/`. Usage: npm run vectors */
import { writeFileSync } from 'node:fs';
import { vectorFiles } from '../dist/vector-files.js';

for (const [name, contents] of Object.entries(vectorFiles())) {
  writeFileSync(new URL(`../vectors/${name}`, import.meta.url), JSON.stringify(contents, null, 2));
}
