/** An error as AWS would answer it: a code, an HTTP status, and a message. Every refusal of the simulator is one. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
  }
}

/** SSM's and STS's answer to a request that breaks a constraint of the API model. */
export const validationError = (message: string): AwsError => new AwsError('ValidationException', message);

/** A fleet description or a control request that cannot be used; `path` says where. */
export class FleetDescriptionError extends Error {
  readonly code = 'FLEET_DESCRIPTION_INVALID';

  constructor(message: string) {
    super(message);
    this.name = 'FleetDescriptionError';
  }
}
