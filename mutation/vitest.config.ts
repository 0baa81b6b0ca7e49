import { defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification, type Vitest } from 'vitest/node';

/** Examples before properties and comparisons: most mutants die of an example, in a tenth of the time. */
class ExamplesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => Number(/\.(prop|diff)\.test\.ts$/.test(moduleId));
    return (await super.sort(files)).sort((a, b) => isSlow(a) - isSlow(b));
  }
}

/** Stryker overlooks a test file that cannot be loaded, and with it the mutant; as an error of the whole run it counts. */
class LoadErrors implements Reporter {
  #vitest!: Vitest;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) this.#vitest.state.catchError(error, 'not loaded');
  }
}

/** A property that runs some thousand times, runs a thousand times for each mutant; not where a file counts what it has met. */
const fewerRuns: Plugin = {
  name: 'fewer-runs',
  enforce: 'pre',
  transform: (code, id) =>
    id.endsWith('.test.ts') && !code.includes('toBeGreaterThan')
      ? code.replace(/(?<=\bnumRuns: )\d{4}\b/g, '1000')
      : undefined,
};

export default defineConfig({
  plugins: [fewerRuns],
  test: {
    include: ['**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      '**/*.system.test.ts',
      // These look at a README or at what is built, not at the sources.
      '**/{documentation,runtimes}.test.ts',
      // Tens of thousands of streams beside a peer: the naive codec's comparisons judge the same, in a second.
      '**/{receiver,undici}.diff.test.ts',
    ],
    setupFiles: ['mutation/setup.ts'],
    reporters: [new LoadErrors()],
    sequence: { sequencer: ExamplesFirst },
    testTimeout: 60_000,
  },
});
