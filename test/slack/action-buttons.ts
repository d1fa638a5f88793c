import type { Block, Button, Select } from '../../src/slack/views/blocks.ts';

/** The buttons of the actions blocks, without those beside a section. */
export function actionButtons(blocks: readonly Block[]): Button[] {
  return actionElements(blocks).filter((element) => element.type === 'button');
}

export function selects(blocks: readonly Block[]): Select[] {
  return actionElements(blocks).filter((element) => element.type === 'static_select');
}

function actionElements(blocks: readonly Block[]): (Button | Select)[] {
  return blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
}
