/** Workflows: code whose progress outlives the process. */

export {
  Checkpoints,
  type CheckpointsOptions,
  type CheckpointView,
  type ReplicationLag,
} from "./checkpoint/checkpoints.ts";
export {
  CheckpointConflictError,
  CheckpointMissingError,
  CheckpointTakenError,
} from "./checkpoint/errors.ts";
export { type FileCheckpointOptions, fileCheckpoints } from "./checkpoint/file-checkpoints.ts";
export { memoryCheckpoints } from "./checkpoint/memory-checkpoints.ts";
export type { CheckpointStore } from "./checkpoint/port.ts";
export type { ReplicaLag } from "./checkpoint/replica.ts";
export { S3Error } from "./checkpoint/s3/errors.ts";
export { type S3CheckpointOptions, s3Checkpoints } from "./checkpoint/s3/s3-checkpoints.ts";
export type { S3Credentials } from "./checkpoint/s3/signature.ts";
export {
  type SqliteCheckpointOptions,
  type SqliteCheckpoints,
  sqliteCheckpoints,
} from "./checkpoint/sqlite-checkpoints.ts";
export {
  type DeadLetter,
  type DeadLetterError,
  type DeadLetterNotice,
  DeadLetterQueue,
  type DeadLetterQueueOptions,
  type ReplayAllOptions,
  type ReplayReport,
} from "./dead-letters/dead-letter-queue.ts";
export { defineWorkflow } from "./define.ts";
export {
  type EmbeddedEngineOptions,
  embeddedEngine,
} from "./engine/embedded.ts";
export type { WorkflowMeasure } from "./engine/measure.ts";
export type { Engine } from "./engine/port.ts";
export type { QueueOptions, RateLimit } from "./engine/queues/queue-options.ts";
export { replayHistory } from "./engine/replay-run.ts";
export {
  BranchLostError,
  CorruptRecordError,
  DeterminismError,
  EngineOverloadedError,
  EngineStoppedError,
  EventsFullError,
  FromStepError,
  InputRefusedError,
  KeyMissingError,
  QueueUnknownError,
  type RecordPlace,
  RunCancelledError,
  RunDeadlineError,
  RunIdTakenError,
  RunQuarantinedError,
  RunStatusError,
  RunUnknownError,
  SignalsFullError,
  UndoFailedError,
  UnrecordableError,
  ValueTooLargeError,
  WorkflowNameTakenError,
} from "./errors.ts";
export { HistoryUnreadableError, type ReplayVerdict, type RunHistory } from "./history.ts";
export type {
  Attributes,
  DeadReason,
  Debounce,
  EarlierEnd,
  EndingReason,
  EventsOptions,
  ForkOptions,
  ReplayOptions,
  RewindOptions,
  RunCountFilter,
  RunError,
  RunEvent,
  RunFilter,
  RunHandle,
  RunProgress,
  RunRecord,
  RunStatus,
  RunView,
  StartOptions,
  StepView,
} from "./run-types.ts";
export {
  defineSchedule,
  type Schedule,
  type ScheduleOptions,
} from "./schedule/define-schedule.ts";
export type { CatchUp } from "./schedule/schedule-state.ts";
export { Scheduler, type SchedulerOptions, type ScheduleView } from "./schedule/scheduler.ts";
export type { StepContext, StepOptions, Undo, UndoableStep } from "./step-types.ts";
export {
  runStraight,
  SignalUnreachableError,
  type StraightOptions,
  TablesUnreachableError,
} from "./straight-context.ts";
export { workflowTables } from "./tables.ts";
export type { Transaction } from "./transaction-types.ts";
export type {
  SchemaResult,
  StandardSchema,
  Workflow,
  WorkflowContext,
  WorkflowOptions,
} from "./types.ts";
export type { EncryptionKey, EncryptionOptions } from "./value/keyring.ts";
export { RecordedError } from "./value/recorded-error.ts";
