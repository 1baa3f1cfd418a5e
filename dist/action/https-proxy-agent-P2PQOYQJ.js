import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{c as r}from"./chunk-VJ3FTVHV.js";import{c as t,f as o}from"./chunk-32Z7KB3O.js";var e,p=t(()=>{e=o(r())});p();var export_HttpsProxyAgent=e.HttpsProxyAgent;export{export_HttpsProxyAgent as HttpsProxyAgent};
