import { expect, test } from '@jest/globals';
import { reservedFor } from '../../domain/addresses.js';

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['169.254.170.2', 'link-local'],
  ['fe80::1', 'link-local'],
  ['FD00:EC2::254', 'link-local'],
  ['::ffff:a9fe:a9fe', 'link-local'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['10.0.0.7', null],
  ['192.168.1.1', null],
  ['169.253.0.1', null],
  ['2001:db8::1', null],
  ['fd12:3456::1', null],
  ['storefront.example', null],
])('%s is %s', (address, reserved) => {
  expect(reservedFor(address)).toBe(reserved);
});
