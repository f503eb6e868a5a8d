export { defaultReply, startStandIn, type StandIn, type StandInOptions } from './start-stand-in.ts';
export { standInRoutes, type StandInRoute, type StandInRouteClass } from './routes.ts';
export { standInVersion } from './models.ts';
