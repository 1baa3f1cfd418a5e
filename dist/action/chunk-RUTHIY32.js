import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{a as t}from"./chunk-32Z7KB3O.js";async function i(u,a){let n=[],e=0;for await(let r of u){if(e+=r.byteLength,e>a)return;n.push(r)}return new Uint8Array(Buffer.concat(n))}t(i,"readBounded");export{i as a};
