import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { certificate } from '@ws/runtimes/certificate';
import { folder, freePort, start } from './program.suite.ts';

/** The folder of the configurations, which are the very files that users copy. */
export const DEPLOY: URL = new URL('../../../examples/deploy/', import.meta.url);

type Certificate = ReturnType<typeof certificate>;

export interface Setup {
  readonly certificate: Certificate;
  /** The ports of the two servers behind it. */
  readonly apps: readonly [number, number];
  /** After how long it cuts a silent connection, as the configuration writes it. Default: as there. */
  readonly silence?: string;
  /** Whether it sends a client's address always to the same server. */
  readonly sticky?: boolean;
}

export interface Proxy {
  readonly port: number;
  /**
   * Puts another certificate in the place of the first and has the configuration read again; returns before that is
   * done.
   */
  reload(certificate: Certificate): Promise<void>;
}

/** A part of a configuration and what stands in its place in the test. */
type Substitutes = readonly (readonly [string, string])[];

/** A configuration with its ports and paths replaced; each must be there, or the test would test another file. */
function substituted(file: string, substitutes: Substitutes): string {
  return substitutes.reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${file} does not have: ${from}`);
      return text.replaceAll(from, to);
    },
    readFileSync(new URL(file, DEPLOY), 'utf8'),
  );
}

async function nginx({ certificate, apps, silence = '60s', sticky = false }: Setup): Promise<Proxy> {
  const [path, port] = [folder(), await freePort()];
  const install = ({ cert, key }: Certificate) => {
    writeFileSync(join(path, 'cert.pem'), cert);
    writeFileSync(join(path, 'key.pem'), key);
  };
  install(certificate);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${path};`);
  const text = substituted('nginx.conf', [
    ['/run/nginx.pid', join(path, 'pid')],
    ['/etc/ssl/app/', `${path}/`],
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['127.0.0.1:8081', `127.0.0.1:${apps[0]}`],
    ['127.0.0.1:8082', `127.0.0.1:${apps[1]}`],
    ['proxy_read_timeout 60s', `proxy_read_timeout ${silence}`],
    ['# ip_hash;', sticky ? 'ip_hash;' : '# ip_hash;'],
    // Its folders under /var belong to root.
    ['http {', `http { access_log off; ${temporary.join(' ')}`],
  ]);
  const file = join(path, 'nginx.conf');
  writeFileSync(file, text);
  const args = ['-e', 'stderr', '-p', path, '-c', file];
  await start('/usr/sbin/nginx', [...args, '-g', 'daemon off;'], port);
  return {
    port,
    async reload(next) {
      install(next);
      const [code] = await once(spawn('/usr/sbin/nginx', [...args, '-s', 'reload']), 'exit');
      if (code !== 0) throw new Error(`nginx -s reload has ended with ${code}`);
    },
  };
}

async function haproxy({ certificate, apps, silence = '60s', sticky = false }: Setup): Promise<Proxy> {
  const [path, port] = [folder(), await freePort()];
  const pem = join(path, 'cert-and-key.pem');
  const install = ({ cert, key }: Certificate) => writeFileSync(pem, cert + key);
  install(certificate);
  const text = substituted('haproxy.cfg', [
    ['/etc/ssl/app/cert-and-key.pem', pem],
    ['bind :443', `bind 127.0.0.1:${port}`],
    ['127.0.0.1:8081', `127.0.0.1:${apps[0]}`],
    ['127.0.0.1:8082', `127.0.0.1:${apps[1]}`],
    ['timeout tunnel 60s', `timeout tunnel ${silence}`],
    ['balance roundrobin', sticky ? 'balance source' : 'balance roundrobin'],
    // The test's machine may not allow as many files.
    ['maxconn 20000', 'maxconn 100'],
  ]);
  const file = join(path, 'haproxy.cfg');
  writeFileSync(file, text);
  const master = await start('/usr/sbin/haproxy', ['-W', '-f', file], port);
  return {
    port,
    async reload(next) {
      install(next);
      master.kill('SIGUSR2');
    },
  };
}

/** Passes TCP on as it is, behind a header of the PROXY protocol. */
export async function haproxyTcp(apps: Setup['apps']): Promise<number> {
  const [path, port] = [folder(), await freePort()];
  const text = substituted('haproxy-tcp.cfg', [
    ['bind :443', `bind 127.0.0.1:${port}`],
    ['127.0.0.1:8081', `127.0.0.1:${apps[0]}`],
    ['127.0.0.1:8082', `127.0.0.1:${apps[1]}`],
    ['maxconn 20000', 'maxconn 100'],
  ]);
  const file = join(path, 'haproxy.cfg');
  writeFileSync(file, text);
  await start('/usr/sbin/haproxy', ['-f', file], port);
  return port;
}

export const PROXIES = { nginx, haproxy };
