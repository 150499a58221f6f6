/** The parameters of a query request: `InstanceId.1=…&Filter.1.Name=…&Filter.1.Value.1=…`. */
export class Form {
  readonly #values: Map<string, string>;

  constructor(body: string) {
    this.#values = new Map(new URLSearchParams(body));
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  flag(name: string): boolean {
    return this.get(name) === 'true';
  }

  number(name: string): number | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : Number(value);
  }

  /** `name.1`, `name.2`, … */
  list(name: string): string[] {
    return this.#numbered((index) => this.get(`${name}.${index}`));
  }

  /** `Filter.1.Name` with `Filter.1.Value.1`, … */
  filters(): { name: string; values: string[] }[] {
    return this.#numbered((index) => {
      const name = this.get(`Filter.${index}.Name`);
      return name === undefined ? undefined : { name, values: this.list(`Filter.${index}.Value`) };
    });
  }

  /** `prefix.1.Key` with `prefix.1.Value`, … */
  tags(prefix: string): Record<string, string> {
    const pairs = this.#numbered((index): [string, string] | undefined => {
      const key = this.get(`${prefix}.${index}.Key`);
      return key === undefined ? undefined : [key, this.get(`${prefix}.${index}.Value`) ?? ''];
    });
    return Object.fromEntries(pairs);
  }

  #numbered<T>(read: (index: number) => T | undefined): T[] {
    const found: T[] = [];
    for (let index = 1; ; index += 1) {
      const value = read(index);
      if (value === undefined) return found;
      found.push(value);
    }
  }
}
