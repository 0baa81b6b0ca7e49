import { defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification, type Vitest } from 'vitest/node';

/** Examples before properties and comparisons: most mutants die of an example, in a tenth of the time. */
class ExamplesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => Number(/\.(prop|diff)\.test\.ts$/.test(moduleId));
    return (await super.sort(files)).sort((a, b) => isSlow(a) - isSlow(b));
  }
}

/**
 * Stryker overlooks a test file that cannot be loaded, and with it the mutant; as an error of the whole run it counts.
 */
class LoadErrors implements Reporter {
  #vitest!: Vitest;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) this.#vitest.state.catchError(error, 'not loaded');
  }
}

/**
 * So often a property runs at the most. To a line of these two packages belong more tests than to one of the others.
 */
const MAX_RUNS = ['codec', 'connection'].includes(process.env['MUTATED_PACKAGE'] ?? '') ? 40 : 1000;

/** What `npm test` alone enumerates, sixteen million sequences and more, and what measures memory over seconds. */
const LONG = /\btest(?=(\.each\([^)]*\))?\(\s*'(all sequences of|F9: all 65,536|one kept of every|200,000 fragments))/g;

/** The tests, of which a mutant needs less. */
const less: Plugin = {
  name: 'less',
  enforce: 'pre',
  transform: (code, id) =>
    id.endsWith('.test.ts')
      ? code
          .replace(LONG, 'test.skip')
          .replace(/(?<=\bnumRuns: )[\d_]+/g, (runs) => `${Math.min(MAX_RUNS, Number(runs.replaceAll('_', '')))}`)
          // How much a property should have met in all of its runs.
          .replace(/toBeGreaterThan\(\d+\)/g, 'toBeGreaterThanOrEqual(0)')
      : undefined,
};

export default defineConfig({
  plugins: [less],
  test: {
    include: ['**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      '**/*.system.test.ts',
      // These look at a README or at what is built, not at the sources.
      '**/{documentation,runtimes}.test.ts',
      // Tens of thousands of streams beside a peer: the naive codec's comparisons judge the same, in a second.
      '**/{receiver,undici,first-two-bytes,one-bit}.diff.test.ts',
    ],
    setupFiles: ['mutation/setup.ts'],
    reporters: [new LoadErrors()],
    sequence: { sequencer: ExamplesFirst },
    // One worker for all files of a mutant: to load them takes longer than to run them.
    isolate: false,
    testTimeout: 60_000,
  },
});
