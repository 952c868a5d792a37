Redoc.init("/api/schema/", { hideDownloadButton: false, expandResponses: "200,201" }, document.getElementById("reference"));
