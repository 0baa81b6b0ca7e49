/**
 * Builds what a package imports, and says something only if that fails.
 *
 * Usage: node scripts/build-for.js <package>
 */
import { run } from './run.js';

const [name = ''] = process.argv.slice(2);
const { ok, output } = run('turbo', ['run', 'build', `--filter=${name}^...`], { quiet: true });
if (!ok) {
  console.error(output);
  console.error(`The build of what ${name} needs failed; see above.`);
  process.exitCode = 1;
}
