import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildAlert, buildResolvedAlert } from '../../../src/slack/views/alert.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildOutcome } from '../../../src/slack/views/outcome.ts';
import {
  conditionArbitrary,
  firingAlertArbitrary,
  observedProjectArbitrary,
  operationArbitrary,
  projectIdArbitrary,
} from '../arbitraries.ts';

/** A phone shows this much of a notification. */
const notificationChars = 80;
const format = slackFormatter('/sync');

describe('the first line of a message', () => {
  it('of an alert begins with the project and what happened', () => {
    fc.assert(
      fc.property(observedProjectArbitrary, firingAlertArbitrary, fc.boolean(), ({ project }, alert, showErrors) => {
        const { text, blocks } = buildAlert({ project, format, showErrors }, alert);
        expect(text.startsWith(`${project.id} · `)).toBe(true);
        expect(text.slice(project.id.length)).toMatch(/^ · [A-Z0-9]/);
        expect(JSON.stringify(blocks[0])).toContain(`"*${project.id}* · `);
      }),
    );
  });

  it('of a resolved alert begins with the project and what had happened', () => {
    fc.assert(
      fc.property(
        observedProjectArbitrary,
        conditionArbitrary,
        fc.boolean(),
        ({ project }, condition, revealReasons) => {
          const facts = { project, kind: condition.kind, condition, revealReasons, format };
          for (const occurrence of [null, { since: 1, resolvedAt: 61_000 }]) {
            const { text } = buildResolvedAlert({ ...facts, occurrence });
            expect(text.slice(0, project.id.length + 4)).toMatch(/ · [A-Z]$/);
            expect(text.startsWith(project.id)).toBe(true);
          }
        },
      ),
    );
  });

  it('of an operation has the project', () => {
    fc.assert(
      fc.property(projectIdArbitrary.chain(operationArbitrary), fc.boolean(), (operation, projectExists) => {
        const { text } = buildOutcome({ operation, projectExists, format });
        expect(text.slice(0, notificationChars)).toContain(operation.project);
      }),
    );
  });
});
