import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { readPage, sectionOf } from '../docs/pages.ts';
import { findDebianProgram } from '../support/debian-program.ts';

const folder = new URL('../../deploy/prometheus/', import.meta.url).pathname;
const readYaml = (name: string): unknown => parse(readFileSync(join(folder, name), 'utf8'));

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const rules = rulesSchema.parse(readYaml('rules.yml')).groups.flatMap((group) => group.rules);
const alertNames = rules.map(({ alert }) => alert);

let promtoolPath: string;
beforeAll(async () => {
  promtoolPath = await findDebianProgram({ program: 'promtool', packageName: 'prometheus' });
});
const promtool = (...args: string[]) => promisify(execFile)(promtoolPath, args, { cwd: folder });

describe('the rules of Prometheus', () => {
  test('are valid', async () => {
    await promtool('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml');
  });

  test('fire and do not fire as rules.test.yml says', async () => {
    await promtool('test', 'rules', 'rules.test.yml');
  });

  test('have a case each in rules.test.yml in which they fire', () => {
    const schema = z.object({
      tests: z.array(
        z.object({
          alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
        }),
      ),
    });
    const cases = schema.parse(readYaml('rules.test.yml')).tests.flatMap((one) => one.alert_rule_test);
    const firing = cases.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname);
    expect([...new Set(firing)].sort()).toEqual([...alertNames].sort());
  });

  test('have a runbook in docs/operating.md each, and there is no runbook without a rule', () => {
    const section = sectionOf(readPage('docs/operating.md'), 'Alerts in Prometheus');
    expect([...section.matchAll(/^### (.*)$/gm)].map(([, title]) => title)).toEqual(alertNames);
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).toBe(`docs/operating.md#${alert.toLowerCase()}`);
    }
  });

  test.each(rules.filter(({ expr }) => expr.includes('syncbot_project_')))(
    '$alert names the project',
    ({ annotations }) => expect(annotations.summary).toContain('{{ $labels.project }}'),
  );

  test.each(rules.filter(({ expr }) => !expr.includes('absent(') && !expr.includes('syncbot_project_')))(
    '$alert names the environment',
    ({ annotations }) => expect(annotations.summary).toContain('{{ $labels.job }}'),
  );
});

describe('the scrape configurations', () => {
  test('that of processes on hosts is valid', async () => {
    await promtool('check', 'config', '--lint=all', 'scrape.yml');
  });

  test('that of Kubernetes is valid apart from its discovery, which Debian builds Prometheus without', async () => {
    const { scrape_configs, ...others } = z
      .object({ scrape_configs: z.tuple([z.looseObject({ kubernetes_sd_configs: z.unknown() })]) })
      .loose()
      .parse(readYaml('scrape-kubernetes.yml'));
    const [{ kubernetes_sd_configs, ...config }] = scrape_configs;
    expect(kubernetes_sd_configs).toEqual([{ role: 'pod' }]);
    const temporaryFolder = await mkdtemp(join(tmpdir(), 'syncbot-scrape-'));
    onTestFinished(() => rm(temporaryFolder, { recursive: true, force: true }));
    const file = join(temporaryFolder, 'scrape.yml');
    await writeFile(file, stringify({ ...others, rule_files: [join(folder, 'rules.yml')], scrape_configs: [config] }));
    await promtool('check', 'config', file);
  });
});
