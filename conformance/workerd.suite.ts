import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerd as its } from '@ws/runtimes';
import { buildSync } from 'esbuild';

export const workerd: string = its.name;

/** What runs the client's suite in a Worker, bundled as every Worker is. It may connect to this machine. */
export function workerdCommand(home: string, port: number): string[] {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('clients/worker.js', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:sockets'],
    write: false,
  });
  writeFileSync(join(home, 'worker.js'), outputFiles[0]!.contents);
  writeFileSync(
    join(home, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["private", "local"])),
    (name = "suite", worker = (
      compatibilityDate = "2025-01-01",
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      bindings = [(name = "ORIGIN", text = "ws://127.0.0.1:${port}")],
    )),
  ],
);
`,
  );
  return [its.binary(), 'test', join(home, 'config.capnp')];
}
