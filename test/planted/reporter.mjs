/* A line for each test as it ends, so that whoever waits for the first failure need not wait for the rest. */
export default class EachTest {
  onTestCaseResult(_file, { status, fullName }) {
    process.stdout.write(`${status}\t${fullName}\n`);
  }
}
