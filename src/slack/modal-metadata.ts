import { z } from 'zod';
import { operationRefValue, readBatchId, readJson, readOperationRef } from './button-values.ts';

/** From where a modal was opened. Both are null for a modal from the Home tab. */
const modalOriginSchema = z.object({ channel: z.string().nullable(), threadTs: z.string().nullable() });
export type ModalOrigin = Readonly<z.infer<typeof modalOriginSchema>>;

/**
 * The `private_metadata` of a modal: Slack sends it with each press in it. `confirmation`: the value of OK, if the modal shows a
 * confirmation.
 */
export function modalMetadata({ channel, threadTs }: ModalOrigin, confirmation?: string): string {
  return JSON.stringify({ channel, threadTs, ...(confirmation === undefined ? {} : { operation: confirmation }) });
}

/** Returns the origin in the `private_metadata` of a modal, or null. */
export function readModalMetadata(metadata: string): ModalOrigin | null {
  return readJson(modalOriginSchema, metadata);
}

const confirmationMetadataSchema = z.object({ operation: z.unknown() });

/** Returns the value of OK in the `private_metadata` of a confirmation, or null. It names an operation or a batch. */
export function readConfirmationMetadata(metadata: string): string | null {
  const value = readJson(confirmationMetadataSchema, metadata)?.operation;
  const ref = readOperationRef(value);
  return ref === null ? readBatchId(value) : operationRefValue(ref);
}
