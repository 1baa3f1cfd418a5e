import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{a as n}from"./chunk-32Z7KB3O.js";function i(r,t){let e=r-t-999;return Number.isFinite(e)?Math.max(0,e):void 0}n(i,"ageOf");export{i as a};
