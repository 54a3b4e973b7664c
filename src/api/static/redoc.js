Redoc.init("/auth/openapi.json", { disableGoogleFont: true, hideDownloadButton: false }, document.getElementById("page"));
