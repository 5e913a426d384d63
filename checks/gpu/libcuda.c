/* A libcuda.so.1 for checks/gpu/errors.sh: a driver for CUDA version CUDA_VERSION, whose initialization ends with CUDA_INIT. */
#include <stdlib.h>
#include <string.h>

static int number(const char *name) {
    const char *value = getenv(name);
    return value ? atoi(value) : 0;
}

int cuDriverGetVersion(int *version) {
    *version = number("CUDA_VERSION");
    return 0;
}

int cuInit(unsigned flags) {
    (void)flags;
    return number("CUDA_INIT");
}

int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long long flags, int *status) {
    (void)version, (void)flags;
    *function = 0;
    if (!strcmp(name, "cuDriverGetVersion")) *function = (void *)cuDriverGetVersion;
    if (!strcmp(name, "cuInit")) *function = (void *)cuInit;
    if (!strcmp(name, "cuGetProcAddress")) *function = (void *)cuGetProcAddress_v2;
    if (status) *status = *function ? 0 : 1;
    return *function ? 0 : 500;
}

int cuGetProcAddress(const char *name, void **function, int version, unsigned long long flags) {
    return cuGetProcAddress_v2(name, function, version, flags, 0);
}
