#pragma once
typedef struct { char text[512]; } sd3_error;
