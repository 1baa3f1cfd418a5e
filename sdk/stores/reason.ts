export { reasonOf } from '../util/reason.ts';
