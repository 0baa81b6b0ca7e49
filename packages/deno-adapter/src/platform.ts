import { MessageMemory, type Platform } from '@ws/codec';
import { bigUint64Kernel } from '@ws/codec/mask-biguint64';
import { SendMemory } from '@ws/connection';

/** Shared by all connections of the process, so that an idle one holds none of it. Deno runs V8. */
export const platform: Platform & { readonly memory: MessageMemory } = {
  memory: new MessageMemory(),
  maskKernel: bigUint64Kernel,
};
/** Deno has no write of many pieces: what lies apart costs a copy into fresh memory, or a write of its own. */
export const sendMemory: SendMemory = new SendMemory({ copyUpTo: 49_152 });
