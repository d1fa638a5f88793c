import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HomeProjects } from '../../../src/application/home.ts';
import { attentionCause, attentionTotal, countProjects } from '../../../src/domain/attention.ts';
import { actions, isAllowed } from '../../../src/domain/lifecycle.ts';
import { emptyFilter } from '../../../src/domain/list-filter.ts';
import type { Project } from '../../../src/domain/project.ts';
import { countStates } from '../../../src/domain/project-state.ts';
import { messages } from '../../../src/messages/catalog.ts';
import { runForm } from '../../../src/slack/run-form-ids.ts';
import { buildHome, homeLimits } from '../../../src/slack/views/home.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildRunForm } from '../../../src/slack/views/run-form.ts';
import { renderedText } from '../../fake-slack/rendered-message.ts';
import { inputsOf } from '../../fake-slack/view-inputs.ts';
import { parseView } from '../../fake-slack/view-limits.ts';
import { now, observedProjectArbitrary, operationArbitrary } from '../arbitraries.ts';

const format = slackFormatter('/sync');
const user = 'U0ALICE';
const observations = [
  { kind: 'observed' },
  { kind: 'partly_observed', unobservedProjects: 3 },
  { kind: 'not_observed', since: now - 60_000 },
] as const;
const projectsArbitrary = fc.uniqueArray(
  observedProjectArbitrary.map(({ project }) => project),
  { minLength: 1, maxLength: 12, selector: ({ id }) => id },
);

function homeProjects(projects: readonly Project[]): HomeProjects {
  const page = (all: readonly Project[]) => ({
    counts: countProjects(all),
    page: 0,
    projects: all.slice(0, homeLimits.projects),
  });
  const isQuiet = (project: Project) => project.state === 'paused' && attentionCause(project) === null;
  return { worst: page(projects), paused: page(projects.filter(isQuiet)) };
}

describe('the first line', () => {
  it('of Home has how many projects need attention and why, or that none does, or the number of projects and their states', () => {
    fc.assert(
      fc.property(projectsArbitrary, fc.constantFrom(...observations), (projects, observation) => {
        const [first] = projects;
        const operations = first === undefined ? [] : fc.sample(operationArbitrary(first.id), 3);
        const all = homeProjects(projects);
        const facts = { unreadableProjects: 0, observedAt: now, labels: [], operations, batches: [], now };
        const view = { user, filter: emptyFilter, restriction: null, revealReasons: true, format, now };
        const { text } = buildHome({ ...view, home: { all, observation, ...facts }, projects: all });
        const attention = attentionTotal(all.worst.counts.attention);
        const count = `${projects.length} project${projects.length === 1 ? '' : 's'}`;
        if (attention > 0) expect(text).toMatch(new RegExp(`^${attention} needs? attention: [0-9]`));
        else if (observation.kind === 'observed') expect(text).toMatch(/^Nothing needs attention · observed <!date/);
        else expect(text).toMatch(new RegExp(`^${count}: [0-9]`));
      }),
      { numRuns: 100 },
    );
  });

  it('of the form about a project has its state, and the form offers only the actions that the state allows', () => {
    fc.assert(
      fc.property(projectsArbitrary, fc.integer({ min: 1, max: 2_001 }), (projects, total) => {
        const [chosen] = projects;
        if (chosen === undefined) throw new Error('no project');
        const own = countStates(projects);
        const counts = { ...own, running: own.running + Math.max(0, total - projects.length) };
        const view = { projects, counts, chosen, restriction: null, refused: null, format };
        const form = parseView(
          JSON.parse(JSON.stringify(buildRunForm(view, { channel: 'C0SYNC', threadTs: null }))),
          'modal',
        );
        const section = form.blocks.find(({ type }) => type === 'section');
        expect(renderedText({ blocks: section === undefined ? [] : [section] })).toMatch(
          new RegExp(`^\\*${chosen.id}\\* · ${messages.states[chosen.state]}\n`),
        );
        const offered = inputsOf(form.blocks)
          .filter(({ actionId }) => actionId === runForm.actionInput)
          .flatMap(({ element: { options } }) => (Array.isArray(options) ? options : []));
        const allowed = actions.filter((action) => isAllowed(chosen.state, action));
        expect(offered).toMatchObject(allowed.map((value) => ({ value })));
      }),
      { numRuns: 100 },
    );
  });
});
