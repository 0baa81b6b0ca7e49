export { type Close, CloseCode, decodeClose, encodeClose, isWireCloseCode, MAX_REASON_BYTES } from './close.ts';
export { decodeFrames, encodeFrame, encodeFrameInto, type Frame, type FrameFields } from './frame.ts';
export {
  FrameDecoder,
  type FrameLimits,
  type FrameSink,
  type Judgement,
  type PayloadViolation,
} from './frame-decoder.ts';
export {
  type DecodedFrameHeader,
  decodeFrameHeader,
  encodeFrameHeader,
  type FrameHeader,
  type FrameHeaderFields,
  type FrameRules,
  frameHeaderBytes,
  MAX_CONTROL_PAYLOAD,
  MAX_HEADER_BYTES,
  type Role,
  writeFrameHeader,
} from './frame-header.ts';
export { applyMask, maskInto } from './mask.ts';
export type { MaskKernel } from './mask-kernel.ts';
export { Maskable } from './maskable.ts';
export { MessageAssembler, type MessageSink, type Platform } from './message-assembler.ts';
export { DEFAULT_MAX_MESSAGE_PAYLOAD, MessageDecoder, type MessageLimits } from './message-decoder.ts';
export { type BytesConstructor, MessageMemory } from './message-memory.ts';
export { isControl, isReserved, Opcode } from './opcode.ts';
export { decodeUtf8, encodeUtf8, Utf8Validator } from './utf8.ts';
export { closeCodeOf, ProtocolError, type ViolationName, violationNames } from './violation.ts';
