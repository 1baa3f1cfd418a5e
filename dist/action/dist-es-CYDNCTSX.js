import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);
import{a,b,c,d,e,f,g}from"./chunk-U6SOXCEV.js";import"./chunk-2BY7DYPV.js";import"./chunk-W4OA2DJV.js";import"./chunk-4WGGB3CE.js";import"./chunk-32Z7KB3O.js";export{f as ENV_ACCOUNT_ID,e as ENV_CREDENTIAL_SCOPE,d as ENV_EXPIRATION,a as ENV_KEY,b as ENV_SECRET,c as ENV_SESSION,g as fromEnv};
