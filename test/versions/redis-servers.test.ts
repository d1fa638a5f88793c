import { expect, test } from 'vitest';
import { runAclScenario } from '../docs/acl-scenario.ts';
import { deniedCommands, startAclServer } from '../docs/acl-server.ts';
import { findNewerServer } from '../support/newer-servers.ts';

/** With the ACL lines of docs/security.md, word for word. */
test.each([
  { server: 'redis', version: /^8\./ },
  { server: 'valkey', version: /^8\./ },
] as const)(
  'everything that syncbot does works on $server 8 with the rights of the user syncbot-all',
  async ({ server, version }) => {
    const binary = await findNewerServer(server);
    expect(binary.version).toMatch(version);
    await using acl = await startAclServer({ binary });
    expect(await acl.admin.info('server')).toMatch(
      server === 'valkey' ? /^valkey_version:8\./m : /^redis_version:8\./m,
    );
    const scenario = runAclScenario({
      botUrl: acl.urlFor('syncbot-all'),
      linksUrl: null,
      ownerUrl: acl.urlFor('owner'),
    });
    const error = await scenario.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(await deniedCommands(acl.admin)).toEqual([]);
    if (error !== null) throw error;
  },
);
