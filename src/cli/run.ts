import { applyPlan } from '../application/apply.ts';
import { explainApplyRefusal } from '../application/apply-refusal.ts';
import { planApply } from '../application/plan.ts';
import { differences } from '../application/wanted.ts';
import { slackFaults } from '../config/environment.ts';
import { environmentFaultLine } from '../config/fault.ts';
import { botActor } from '../domain/project.ts';
import { type ExitCode, exitCodes, onSignals, type Role } from './context.ts';
import type { Session } from './session.ts';

/** `syncbot run`: applies the file when no project is known yet, then runs the role until SIGTERM or SIGINT. */
export async function run(session: Session, role: Role): Promise<ExitCode> {
  const { app, environment, log, say, shell } = session;
  const faults = role === 'worker' ? [] : slackFaults(environment);
  if (faults.length > 0) {
    say.fault({ code: 'environment', message: faults.map(environmentFaultLine).join('\n') });
    return exitCodes.usage;
  }
  using stop = onSignals(shell.signals, ['SIGINT', 'SIGTERM']);
  const begun = await beginWithStored(session);
  if (begun !== exitCodes.done) return begun;
  if (!stop.aborted) await app.runRoles(role, stop);
  log.info({ role }, 'stopped');
  return exitCodes.done;
}

/** What is stored counts; the file is applied only at the very first run, all or nothing. */
async function beginWithStored({ app, config, configPath, log, say }: Session): Promise<ExitCode> {
  const { store } = app.deps;
  const stored = await store.readMany(await store.ids());
  if (stored.length > 0) {
    for (const difference of differences(stored, config)) log.warn({ difference }, 'file and stored projects differ');
    return exitCodes.done;
  }
  const planned = await planApply(app.deps, config);
  if (planned.kind === 'refused') {
    const sentences = planned.refusals.map((refusal) => `- ${explainApplyRefusal(refusal)}`);
    const first = `${configPath} cannot be applied, nothing was changed:`;
    say.fault({ code: 'refused', message: [first, ...sentences].join('\n') });
    return exitCodes.notDone;
  }
  const { plan } = planned;
  const applied = await applyPlan(app.deps, { plan, by: botActor });
  if (applied.kind === 'conflict') {
    const message = `${applied.project} was created by somebody else in the meantime. Run it again.`;
    say.fault({ code: 'conflict', message });
    return exitCodes.notDone;
  }
  log.info({ projects: plan.create.map(({ definition }) => definition.id) }, 'file applied at the first run');
  return exitCodes.done;
}
