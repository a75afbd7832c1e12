/** Every metric that a program shows: its name, what its labels are, and what it means. One table. */

export interface MetricSpec {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  /** In one sentence, with its full stop. */
  readonly help: string;
  /** Upper bounds of the buckets, ascending and without infinity; a histogram has them. */
  readonly bounds?: readonly number[];
}

export type MetricName =
  | "kintsugi_build_info"
  | "kintsugi_start_time_seconds"
  | "kintsugi_calls_total"
  | "kintsugi_call_duration_seconds"
  | "kintsugi_retries_total"
  | "kintsugi_breaker_state"
  | "kintsugi_breaker_transitions_total"
  | "kintsugi_component_health"
  | "kintsugi_component_restarts_total"
  | "kintsugi_component_memory_bytes"
  | "kintsugi_heartbeat_age_seconds"
  | "kintsugi_incidents_total"
  | "kintsugi_incidents_open"
  | "kintsugi_recovery_duration_seconds"
  | "kintsugi_playbook_runs_total"
  | "kintsugi_trust_score"
  | "kintsugi_workflow_runs_total"
  | "kintsugi_workflow_runs"
  | "kintsugi_workflow_resumes_total"
  | "kintsugi_steps_total"
  | "kintsugi_step_duration_seconds"
  | "kintsugi_dead_letters"
  | "kintsugi_kill_switch_active"
  | "kintsugi_store_state"
  | "kintsugi_metric_drops_total"
  | "process_cpu_seconds_total"
  | "process_resident_memory_bytes"
  | "nodejs_eventloop_time_seconds_total";

/** From a cache that answers at once to a model that takes its time. */
const WORK_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48,
  40.96, 81.92,
];

/** From a restart at once to a person who was called. */
const RECOVERY_SECONDS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600,
];

/** In the order in which they are shown. */
export const metricTable: Readonly<Record<MetricName, MetricSpec>> = {
  kintsugi_build_info: {
    type: "gauge",
    labels: ["version"],
    help: "Always 1; the label says which version of Kintsugi runs.",
  },
  kintsugi_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When this life of the runtime began, in seconds since the Unix epoch.",
  },
  kintsugi_calls_total: {
    type: "counter",
    labels: ["policy", "outcome"],
    help: "Calls that ended: success, failure, or ignore, which failed and says nothing of the dependency.",
  },
  kintsugi_call_duration_seconds: {
    type: "histogram",
    labels: ["policy"],
    help: "Time of whole calls, with all attempts and waits.",
    bounds: WORK_SECONDS,
  },
  kintsugi_retries_total: {
    type: "counter",
    labels: ["policy"],
    help: "Attempts beyond the first of each call.",
  },
  kintsugi_breaker_state: {
    type: "gauge",
    labels: ["policy", "state"],
    help: "1 for the state that the circuit is in (closed, open, half-open), 0 for the others.",
  },
  kintsugi_breaker_transitions_total: {
    type: "counter",
    labels: ["policy", "to"],
    help: "Changes of a circuit's state, by the state that it came to.",
  },
  kintsugi_component_health: {
    type: "gauge",
    labels: ["component", "state"],
    help: "1 for the health of the component (healthy, degraded, critical, failed), 0 for the others.",
  },
  kintsugi_component_restarts_total: {
    type: "counter",
    labels: ["component"],
    help: "Times that a component was started again, over all lives of the runtime.",
  },
  kintsugi_component_memory_bytes: {
    type: "gauge",
    labels: ["component"],
    help: "Resident memory of the component; absent while it is not known.",
  },
  kintsugi_heartbeat_age_seconds: {
    type: "gauge",
    labels: ["component"],
    help: "Time since the last beat, or since the start where none has come; absent where none is expected.",
  },
  kintsugi_incidents_total: {
    type: "counter",
    labels: ["component", "class", "severity", "trigger"],
    help: "Incidents that were opened; the trigger is none where a crash opened it.",
  },
  kintsugi_incidents_open: {
    type: "gauge",
    labels: ["component", "class"],
    help: "Incidents that have not ended.",
  },
  kintsugi_recovery_duration_seconds: {
    type: "histogram",
    labels: ["playbook", "outcome"],
    help: "From the opening of an incident to its end (resolved, escalated, suppressed); the playbook is none where none was at work.",
    bounds: RECOVERY_SECONDS,
  },
  kintsugi_playbook_runs_total: {
    type: "counter",
    labels: ["playbook", "outcome"],
    help: "Playbooks that ended: succeeded or failed.",
  },
  kintsugi_trust_score: {
    type: "gauge",
    labels: ["subject"],
    help: "Trust from 0 to 1, the mean: in a component, in a playbook, in self_healing as a whole.",
  },
  kintsugi_workflow_runs_total: {
    type: "counter",
    labels: ["workflow", "outcome"],
    help: "Runs that ended: completed, dead or cancelled.",
  },
  kintsugi_workflow_runs: {
    type: "gauge",
    labels: ["status"],
    help: "Runs that the journal holds: running, completed, dead or cancelled.",
  },
  kintsugi_workflow_resumes_total: {
    type: "counter",
    labels: ["workflow"],
    help: "Runs that went on after the runtime had died or stopped.",
  },
  kintsugi_steps_total: {
    type: "counter",
    labels: ["workflow", "outcome"],
    help: "Steps of runs that were done and recorded: success or failure.",
  },
  kintsugi_step_duration_seconds: {
    type: "histogram",
    labels: ["workflow"],
    help: "Time of whole steps, with all attempts and waits, without the record.",
    bounds: WORK_SECONDS,
  },
  kintsugi_dead_letters: {
    type: "gauge",
    labels: [],
    help: "Runs in status dead: they wait for a person.",
  },
  kintsugi_kill_switch_active: {
    type: "gauge",
    labels: [],
    help: "1 while the kill switch says that the program is to be stopped, also when it cannot be read.",
  },
  kintsugi_store_state: {
    type: "gauge",
    labels: ["state"],
    help: "1 for the state of the store (open, full, failed, closed), 0 for the others.",
  },
  kintsugi_metric_drops_total: {
    type: "counter",
    labels: ["metric"],
    help: "Values that found no room for a series of their own.",
  },
  process_cpu_seconds_total: {
    type: "counter",
    labels: [],
    help: "CPU time of the runtime's process, user and system.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory of the runtime's process.",
  },
  nodejs_eventloop_time_seconds_total: {
    type: "counter",
    labels: ["state"],
    help: "Time that the runtime's event loop was active, and idle.",
  },
};

export const metricNames: readonly MetricName[] = Object.keys(metricTable) as MetricName[];
