export { checkTypes } from '@ws/connection';
