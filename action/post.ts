import { cleanUp } from './clean-up.ts';

await cleanUp();
