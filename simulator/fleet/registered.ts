/* What people register with SSM, as it lies in memory and in the journal: baselines, maintenance windows, associations. */

export interface PatchFilter {
  Key: string;
  Values: string[];
}

export interface ApprovalRule {
  PatchFilterGroup: { PatchFilters: PatchFilter[] };
  ComplianceLevel?: string | undefined;
  ApproveAfterDays?: number | undefined;
  ApproveUntilDate?: string | undefined;
  EnableNonSecurity?: boolean | undefined;
}

export interface Baseline {
  id: string;
  account: string;
  region: string;
  name: string;
  operatingSystem: string;
  description: string;
  globalFilters: PatchFilter[];
  rules: ApprovalRule[];
  approved: string[];
  approvedLevel: string;
  approvedNonSecurity: boolean;
  rejected: string[];
  rejectedAction: string;
  /** Repositories of its own; they offer nothing here. */
  sources?: { Name: string; Products: string[]; Configuration: string }[];
  createdAt: number;
  modifiedAt: number;
  predefined: boolean;
  clientToken?: string;
  tags: Record<string, string>;
}

/** A target or a task of a window, as it was registered: AWS's own shape, with its id. */
export interface WindowTarget {
  WindowTargetId: string;
  ResourceType: string;
  Targets: Target[];
  Name?: string | undefined;
  Description?: string | undefined;
  OwnerInformation?: string | undefined;
  ClientToken?: string | undefined;
}

export interface WindowTask {
  WindowTaskId: string;
  TaskArn: string;
  TaskType: string;
  Targets: Target[];
  TaskParameters?: Record<string, unknown> | undefined;
  TaskInvocationParameters?: Record<string, unknown> | undefined;
  ServiceRoleArn?: string | undefined;
  Priority: number;
  MaxConcurrency?: string | undefined;
  MaxErrors?: string | undefined;
  LoggingInfo?: Record<string, unknown> | undefined;
  Name?: string | undefined;
  Description?: string | undefined;
  CutoffBehavior?: string | undefined;
  ClientToken?: string | undefined;
}

export interface Target {
  Key: string;
  Values: string[];
}

/** A maintenance window with what is registered in it. It runs nothing. */
export interface MaintenanceWindow {
  id: string;
  account: string;
  region: string;
  name: string;
  description?: string | undefined;
  schedule: string;
  timezone?: string | undefined;
  offset?: number | undefined;
  startDate?: string | undefined;
  endDate?: string | undefined;
  duration: number;
  cutoff: number;
  unassociated: boolean;
  enabled: boolean;
  createdAt: number;
  modifiedAt: number;
  clientToken?: string | undefined;
  tags: Record<string, string>;
  targets: WindowTarget[];
  tasks: WindowTask[];
}

/** A State Manager association as it was created. It runs nothing. */
export interface Association {
  id: string;
  account: string;
  region: string;
  createdAt: number;
  /** CreateAssociation's own fields. */
  settings: Record<string, unknown> & {
    Name: string;
    AssociationName?: string | undefined;
    InstanceId?: string | undefined;
    Targets?: Target[] | undefined;
  };
}
