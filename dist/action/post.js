import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{h as a}from"./chunk-3YX5P56K.js";import"./chunk-OX2Q2XYQ.js";import"./chunk-32Z7KB3O.js";await a();
