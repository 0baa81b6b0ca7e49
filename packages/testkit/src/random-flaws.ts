import type { Draft } from './random-draft.ts';
import type { RawFrame } from './raw-frame.ts';

/** The ways in which a stream breaks a rule, each as often as the others; what follows is up to the caller. */
export const FLAWS: readonly ((draft: Draft) => void)[] = [
  function reservedOpcode(draft) {
    draft.add({ ...draft.data(), opcode: draft.random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) });
  },
  function reservedBits(draft) {
    draft.add({ ...draft.inOrder(), [draft.random.pick(['rsv1', 'rsv2', 'rsv3'])]: true });
  },
  function reservedBitsOfControl(draft) {
    if (draft.rules.allowedRsv) draft.add({ ...draft.control(), rsv1: true });
    else draft.add({ ...draft.inOrder(), rsv1: true });
  },
  function fragmentedControl(draft) {
    draft.add({ ...draft.control(), fin: false });
  },
  function orphanContinuation(draft) {
    draft.finish();
    draft.add({ ...draft.data(), opcode: 0 });
  },
  function dataInsideMessage(draft) {
    draft.message(true);
    draft.add(draft.data());
  },
  function maskMissingOrForbidden(draft) {
    const frame = draft.random.oneIn(2) ? draft.inOrder() : draft.control();
    draft.add({ ...frame, maskingKey: frame.maskingKey === undefined ? draft.random.uint32() : undefined });
  },
  function controlTooLong(draft) {
    draft.add({ ...draft.control(), payload: draft.random.bytes(126 + draft.random.below(20)) });
  },
  function closePayloadTooShort(draft) {
    draft.add({ opcode: 8, maskingKey: draft.key(), payload: draft.random.bytes(1) });
  },
  function lengthTopBit(draft) {
    long(draft, (1n << 63n) + BigInt(draft.random.uint32()));
  },
  function lengthNotMinimal(draft) {
    draft.add({ ...draft.inOrder(), lengthForm: draft.random.pick([16, 64]) });
  },
  function lengthUnsafe(draft) {
    long(draft, (1n << BigInt(53 + draft.random.below(10))) + BigInt(draft.random.uint32()));
  },
  function frameTooBig(draft) {
    draft.add({ ...draft.inOrder(), declaredLength: draft.maxFramePayload + 1 + draft.random.below(500) });
  },
  function messageTooBig(draft) {
    const before = 1 + draft.random.below(40);
    const declaredLength = Math.max(0, draft.maxMessagePayload - draft.random.below(before));
    draft.finish();
    draft.add({ ...draft.data(), fin: false, payload: draft.random.bytes(before) });
    draft.add({ ...draft.data(), opcode: 0, declaredLength });
  },
  function closeCodeIllegal(draft) {
    const code = draft.random.pick([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535, draft.random.below(1000)]);
    draft.add(draft.close(code, draft.random.bytes(draft.random.below(10))));
  },
  function closeReasonNotUtf8(draft) {
    draft.add(draft.close(1000, draft.flawedText()));
  },
  function textNotUtf8(draft) {
    draft.finish();
    draft.fragments(1, draft.flawedText(), draft.random.oneIn(4));
  },
];

function long(draft: Draft, declaredLength: bigint): void {
  const frame: RawFrame = { ...draft.inOrder(), lengthForm: 64, declaredLength };
  draft.add(frame);
}
