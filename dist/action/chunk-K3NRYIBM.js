import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{a as e}from"./chunk-32Z7KB3O.js";function o(n){try{return JSON.parse(typeof n=="string"?n:Buffer.from(n).toString("utf8"))}catch{return}}e(o,"jsonOf");function t(n){let r=o(n);return typeof r=="object"&&r!==null?r:void 0}e(t,"jsonObjectOf");export{o as a,t as b};
