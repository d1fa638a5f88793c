import { applyPlan } from '../application/apply.ts';
import { explainApplyRefusal } from '../application/apply-refusal.ts';
import { planApply } from '../application/plan.ts';
import { differences } from '../application/wanted.ts';
import { slackFaults } from '../config/environment.ts';
import { environmentFaultLine } from '../config/fault.ts';
import { botActor } from '../domain/project.ts';
import { type ExitCode, exitCodes, onSignals, type Role, RoleFault } from './context.ts';
import type { Session } from './session.ts';

/**
 * `syncbot run`: applies the file when no project is known yet, then runs the role until SIGTERM or SIGINT. Redis and Slack
 * are waited for.
 */
export async function run(session: Session, role: Role): Promise<ExitCode> {
  const { app, environment, log, say, shell } = session;
  const faults = role === 'worker' ? [] : slackFaults(environment);
  if (faults.length > 0) {
    say.fault({ code: 'environment', message: faults.map(environmentFaultLine).join('\n') });
    return exitCodes.usage;
  }
  using stop = onSignals(shell.signals, ['SIGINT', 'SIGTERM']);
  await app.runRoles(role, stop, beginning(session));
  log.info({}, 'stopped');
  return exitCodes.done;
}

/**
 * What is stored counts; the file is applied only at the very first run, all or nothing. A first run that Redis cut off is
 * still the first when it is tried again.
 */
function beginning(session: Session): () => Promise<void> {
  const { app, config, log } = session;
  const { store } = app.deps;
  let isFirst = false;
  return async () => {
    const stored = await store.readMany(await store.ids());
    isFirst ||= stored.length === 0;
    if (isFirst) return applyFirst(session);
    for (const difference of differences(stored, config)) log.warn({ difference }, 'file and stored projects differ');
  };
}

async function applyFirst({ app, config, configPath, log }: Session): Promise<void> {
  const planned = await planApply(app.deps, config);
  if (planned.kind === 'refused') {
    const sentences = planned.refusals.map((refusal) => `- ${explainApplyRefusal(refusal)}`);
    const first = `${configPath} cannot be applied, nothing was changed:`;
    throw new RoleFault(exitCodes.notDone, [first, ...sentences].join('\n'));
  }
  const { plan } = planned;
  const applied = await applyPlan(app.deps, { plan, by: botActor });
  if (applied.kind === 'conflict') {
    const sentence = `${applied.project} was created by somebody else in the meantime. Run it again.`;
    throw new RoleFault(exitCodes.notDone, sentence);
  }
  log.info({ projects: plan.create.map(({ definition }) => definition.id) }, 'file applied at the first run');
}
