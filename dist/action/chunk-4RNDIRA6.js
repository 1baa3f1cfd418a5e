import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{a as t}from"./chunk-32Z7KB3O.js";function o(r){return r.map(a=>({item:a,at:Math.random()})).sort((a,n)=>a.at-n.at).map(({item:a})=>a)}t(o,"shuffled");export{o as a};
