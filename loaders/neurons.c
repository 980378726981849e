/*
 * neurons.c - the facts about the 300 canonical neurons, typed as a table, and the rules by which
 * other cells are recognized.
 *
 * Sources. Names, classes and types: WormAtlas (White et al. 1986; Albertson & Thomson 1976 for the
 * pharynx), in the selection of Cook et al. 2019, which leaves CANL and CANR out. Transmitters:
 * Hobert 2016 in WormAtlas (after Pereira et al. 2015, Serrano-Saiz et al. 2013, Gendrel et al.
 * 2016); later atlases differ for some cells. Positions: those in common use beside that list
 * (Simeon et al. 2024, master sheet), micrometres from the tip of the head along y; two decimals.
 */
#include "neurons.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static const bram_neuron neurons[BRAM_NEURONS] = {
    {"ADAL", "ADA", "Glu", "inter", 0.03, 94.34, 10.31},
    {"ADAR", "ADA", "Glu", "inter", -1.43, 91.22, -11.64},
    {"ADEL", "ADE", "DA", "sensory", -0.12, 87.97, 10.5},
    {"ADER", "ADE", "DA", "sensory", -0.58, 83.23, -11.47},
    {"ADFL", "ADF", "ACh", "sensory", 8.48, 54.18, 7},
    {"ADFR", "ADF", "ACh", "sensory", 7.15, 54.63, -8.88},
    {"ADLL", "ADL", "Glu", "sensory", 12.05, 59.13, 3.86},
    {"ADLR", "ADL", "Glu", "sensory", 11.38, 58.8, -6.34},
    {"AFDL", "AFD", "Glu", "sensory", 5.99, 53.37, 7.49},
    {"AFDR", "AFD", "Glu", "sensory", 5.71, 53.11, -9.19},
    {"AIAL", "AIA", "ACh", "inter", -4.67, 66.74, 0.66},
    {"AIAR", "AIA", "ACh", "inter", -4.73, 67.33, -0.99},
    {"AIBL", "AIB", "Glu", "inter", 2.53, 55.49, 5.95},
    {"AIBR", "AIB", "Glu", "inter", 2.61, 55.94, -6.63},
    {"AIML", "AIM", "Glu", "inter", -6.77, 79.31, 2.87},
    {"AIMR", "AIM", "Glu", "inter", -5.01, 70.59, -3.48},
    {"AINL", "AIN", "ACh", "inter", 6.62, 68.22, 9.69},
    {"AINR", "AIN", "ACh", "inter", 7.01, 67.38, -10.84},
    {"AIYL", "AIY", "ACh", "inter", -4.4, 71.42, 5.34},
    {"AIYR", "AIY", "ACh", "inter", -1.49, 59.43, -1.12},
    {"AIZL", "AIZ", "Glu", "inter", 2.53, 68.92, 7.98},
    {"AIZR", "AIZ", "Glu", "inter", 1.72, 67.51, -8.68},
    {"ALA", "ALA", "GABA", "sensory", 15.36, 51.26, -2.16},
    {"ALML", "ALM", "Glu", "sensory", 11.79, 337.49, -11.86},
    {"ALMR", "ALM", "Glu", "sensory", 19.99, 313.28, 10.89},
    {"ALNL", "ALN", "ACh", "sensory", 12.09, 784.36, 3.51},
    {"ALNR", "ALN", "ACh", "sensory", 12.15, 786.6, -4},
    {"AQR", "AQR", "Glu", "sensory", -3.56, 87.59, -10.65},
    {"AS1", "AS", "ACh", "motor", -9.54, 125.47, 1.86},
    {"AS10", "AS", "ACh", "motor", -9.97, 656.89, -1.18},
    {"AS11", "AS", "ACh", "motor", -5.19, 721.64, 0.47},
    {"AS2", "AS", "ACh", "motor", -14.41, 178.62, 2.54},
    {"AS3", "AS", "ACh", "motor", -13.12, 241.85, 1.37},
    {"AS4", "AS", "ACh", "motor", -15.93, 314.15, 0.51},
    {"AS5", "AS", "ACh", "motor", -16.51, 373.84, 0.11},
    {"AS6", "AS", "ACh", "motor", -13.72, 416.5, 0.36},
    {"AS7", "AS", "ACh", "motor", -12.86, 480.05, 1.7},
    {"AS8", "AS", "ACh", "motor", -13.19, 535.33, -0.11},
    {"AS9", "AS", "ACh", "motor", -11.42, 598.95, -0.09},
    {"ASEL", "ASE", "Glu", "sensory", 5.43, 61.3, 8.57},
    {"ASER", "ASE", "Glu", "sensory", 5.42, 60.94, -10.37},
    {"ASGL", "ASG", "Glu", "sensory", 8.66, 59.98, 7.01},
    {"ASGR", "ASG", "Glu", "sensory", 8, 60.15, -8.22},
    {"ASHL", "ASH", "Glu", "sensory", 4.21, 58.42, 8.35},
    {"ASHR", "ASH", "Glu", "sensory", 3.81, 57.83, -10.2},
    {"ASIL", "ASI", "", "sensory", 10.14, 63.34, 5.8},
    {"ASIR", "ASI", "", "sensory", 9.72, 63.42, -7.16},
    {"ASJL", "ASJ", "ACh", "sensory", -0.02, 64.06, 5.64},
    {"ASJR", "ASJ", "ACh", "sensory", -1.08, 64.01, -5.99},
    {"ASKL", "ASK", "Glu", "sensory", 12, 54.73, 4.44},
    {"ASKR", "ASK", "Glu", "sensory", 11.18, 54.43, -6.32},
    {"AUAL", "AUA", "Glu", "inter", 0.84, 60.91, 8.36},
    {"AUAR", "AUA", "Glu", "inter", 0.22, 60.76, -9.63},
    {"AVAL", "AVA", "ACh", "inter", 6.7, 50.2, 8.41},
    {"AVAR", "AVA", "ACh", "inter", 4.79, 50.99, -9.13},
    {"AVBL", "AVB", "ACh", "inter", 5.1, 63.74, 7.12},
    {"AVBR", "AVB", "ACh", "inter", 4.83, 62.69, -9.41},
    {"AVDL", "AVD", "ACh", "inter", 5.35, 65.34, 9.11},
    {"AVDR", "AVD", "ACh", "inter", 5.14, 65.45, -10.59},
    {"AVEL", "AVE", "ACh", "inter", 4.58, 51.08, 5.98},
    {"AVER", "AVE", "ACh", "inter", 3.63, 52.03, -6.09},
    {"AVFL", "AVF", "GABA", "inter", -7.8, 94.37, 3.49},
    {"AVFR", "AVF", "GABA", "inter", -8.59, 95.54, 0.49},
    {"AVG", "AVG", "ACh", "inter", -9.44, 121.12, -1.76},
    {"AVHL", "AVH", "", "inter", 9.65, 62.68, 7.85},
    {"AVHR", "AVH", "", "inter", 8.96, 62.82, -9.77},
    {"AVJL", "AVJ", "", "inter", 7.13, 65.08, 8.47},
    {"AVJR", "AVJ", "", "inter", 7.55, 65.13, -9.59},
    {"AVKL", "AVK", "", "inter", -5.94, 87.39, 3.82},
    {"AVKR", "AVK", "", "inter", -5.64, 75.68, -3.17},
    {"AVL", "AVL", "GABA", "motor", -4.87, 70.82, 0.37},
    {"AVM", "AVM", "Glu", "sensory", -1.16, 286.36, 10.16},
    {"AWAL", "AWA", "", "sensory", 6.57, 57.58, 5.85},
    {"AWAR", "AWA", "", "sensory", 6.53, 57.24, -7.97},
    {"AWBL", "AWB", "ACh", "sensory", 8.3, 57.36, 8.52},
    {"AWBR", "AWB", "ACh", "sensory", 8.1, 57.4, -10.25},
    {"AWCL", "AWC", "Glu", "sensory", 3, 55.82, 9.03},
    {"AWCR", "AWC", "Glu", "sensory", 1.74, 56.43, -9.51},
    {"BAGL", "BAG", "Glu", "sensory", 5.69, 38.69, 8.54},
    {"BAGR", "BAG", "Glu", "sensory", 4.06, 39.43, -8.24},
    {"BDUL", "BDU", "", "inter", 7.64, 186.23, -10.13},
    {"BDUR", "BDU", "", "inter", 11.51, 185.33, 7.87},
    {"CEPDL", "CEP", "DA", "sensory", 13.62, 49.58, 3.7},
    {"CEPDR", "CEP", "DA", "sensory", 12.9, 50.28, -7.07},
    {"CEPVL", "CEP", "DA", "sensory", 1.03, 39.34, 4.58},
    {"CEPVR", "CEP", "DA", "sensory", 1.01, 40.68, -4.42},
    {"DA1", "DA", "ACh", "motor", -9.48, 129.53, -1.52},
    {"DA2", "DA", "ACh", "motor", -14.38, 190.41, -0.02},
    {"DA3", "DA", "ACh", "motor", -14.92, 266.33, -0.37},
    {"DA4", "DA", "ACh", "motor", -17.97, 347.38, -0.59},
    {"DA5", "DA", "ACh", "motor", -14.18, 460.64, 1.56},
    {"DA6", "DA", "ACh", "motor", -13.87, 546.48, -0.03},
    {"DA7", "DA", "ACh", "motor", -9.31, 656.94, -0.37},
    {"DA8", "DA", "ACh", "motor", -0.22, 745.92, -1.35},
    {"DA9", "DA", "ACh", "motor", -1.67, 743.47, -2.51},
    {"DB1", "DB", "ACh", "motor", -10.32, 121.18, -1.02},
    {"DB2", "DB", "ACh", "motor", -9.21, 99.22, 0.23},
    {"DB3", "DB", "ACh", "motor", -14.5, 178.69, -0.77},
    {"DB4", "DB", "ACh", "motor", -16.26, 304.79, -0.36},
    {"DB5", "DB", "ACh", "motor", -14.18, 413.08, 0.87},
    {"DB6", "DB", "ACh", "motor", -14.57, 532.94, -0.14},
    {"DB7", "DB", "ACh", "motor", -9.69, 650.43, -0.78},
    {"DD1", "DD", "GABA", "motor", -9.32, 124.58, 0.77},
    {"DD2", "DD", "GABA", "motor", -13.53, 224.86, 1.26},
    {"DD3", "DD", "GABA", "motor", -15.6, 351.57, 1.38},
    {"DD4", "DD", "GABA", "motor", -14.26, 476.91, 2.44},
    {"DD5", "DD", "GABA", "motor", -11.87, 591.74, -0.19},
    {"DD6", "DD", "GABA", "motor", -1.72, 736.31, -0.59},
    {"DVA", "DVA", "ACh", "inter", 10.96, 770.84, -1.61},
    {"DVB", "DVB", "GABA", "motor", 11.37, 769.29, 0.98},
    {"DVC", "DVC", "Glu", "inter", 11.85, 772.86, 1.55},
    {"FLPL", "FLP", "Glu", "sensory", 0.02, 81.11, 10.58},
    {"FLPR", "FLP", "Glu", "sensory", 0.23, 74.92, -11.36},
    {"HSNL", "HSN", "ACh", "motor", -1.78, 462.53, -9.81},
    {"HSNR", "HSN", "ACh", "motor", -3.33, 452.01, 10.54},
    {"I1L", "I1", "ACh", "pharyngeal", 7.43, 0.71, 4.12},
    {"I1R", "I1", "ACh", "pharyngeal", 6, 0, -2.71},
    {"I2L", "I2", "Glu", "pharyngeal", 4.85, 13.08, 7.23},
    {"I2R", "I2", "Glu", "pharyngeal", 3.39, 13.82, -6},
    {"I3", "I3", "ACh", "pharyngeal", 13.57, 18.92, -0.96},
    {"I4", "I4", "", "pharyngeal", 10.84, 71.62, -0.58},
    {"I5", "I5", "Glu", "pharyngeal", -2.79, 72.18, -2.56},
    {"I6", "I6", "", "pharyngeal", 10.21, 75.59, 4.19},
    {"IL1DL", "IL1", "Glu", "sensory", 13.12, 32.71, 2.18},
    {"IL1DR", "IL1", "Glu", "sensory", 12.22, 33.88, -4.59},
    {"IL1L", "IL1", "Glu", "sensory", 7.23, 30.48, 6.98},
    {"IL1R", "IL1", "Glu", "sensory", 5.64, 30.97, -6.96},
    {"IL1VL", "IL1", "Glu", "sensory", 1.64, 28.94, 3.72},
    {"IL1VR", "IL1", "Glu", "sensory", 0.96, 29.64, -1.72},
    {"IL2DL", "IL2", "ACh", "sensory", 12.34, 24.21, 4.34},
    {"IL2DR", "IL2", "ACh", "sensory", 12.45, 26.43, -6.68},
    {"IL2L", "IL2", "ACh", "sensory", 7.93, 29.9, 9.15},
    {"IL2R", "IL2", "ACh", "sensory", 6.61, 30.16, -8.8},
    {"IL2VL", "IL2", "ACh", "sensory", 2.14, 25.35, 5.06},
    {"IL2VR", "IL2", "ACh", "sensory", 0.63, 28.36, -4.16},
    {"LUAL", "LUA", "Glu", "inter", 6.28, 774.32, 5.16},
    {"LUAR", "LUA", "Glu", "inter", 6.23, 773.38, -5.35},
    {"M1", "M1", "ACh", "pharyngeal", 13.67, 75.48, -6.4},
    {"M2L", "M2", "ACh", "pharyngeal", 2.97, 69.41, 3.49},
    {"M2R", "M2", "ACh", "pharyngeal", 4.17, 69.57, -5.89},
    {"M3L", "M3", "Glu", "pharyngeal", 5.63, 22.36, 4.81},
    {"M3R", "M3", "Glu", "pharyngeal", 5.14, 22.75, -2.91},
    {"M4", "M4", "ACh", "pharyngeal", 12.29, 23.55, -0.69},
    {"M5", "M5", "ACh", "pharyngeal", 9.68, 86.79, 7.12},
    {"MCL", "MC", "ACh", "pharyngeal", 5.92, 14.37, 4.27},
    {"MCR", "MC", "ACh", "pharyngeal", 5.25, 14.19, -3.51},
    {"MI", "MI", "Glu", "pharyngeal", 14.61, 16.72, -1.03},
    {"NSML", "NSM", "5HT", "pharyngeal", 4.53, 15.78, 7.54},
    {"NSMR", "NSM", "5HT", "pharyngeal", 4.1, 16.66, -5.46},
    {"OLLL", "OLL", "Glu", "sensory", 10.05, 31.34, 6.06},
    {"OLLR", "OLL", "Glu", "sensory", 8.59, 32.56, -7.21},
    {"OLQDL", "OLQ", "Glu", "sensory", 14.22, 37.55, 2.16},
    {"OLQDR", "OLQ", "Glu", "sensory", 13.39, 38.7, -5.63},
    {"OLQVL", "OLQ", "Glu", "sensory", 3.93, 36.66, 6.16},
    {"OLQVR", "OLQ", "Glu", "sensory", 3.11, 37.26, -5.9},
    {"PDA", "PDA", "ACh", "motor", 0.2, 754.21, -2.03},
    {"PDB", "PDB", "ACh", "motor", -0.57, 748.26, -3.4},
    {"PDEL", "PDE", "DA", "sensory", 12.14, 561.79, -7.53},
    {"PDER", "PDE", "DA", "sensory", 11.49, 555.4, 10.46},
    {"PHAL", "PHA", "Glu", "sensory", 3.83, 770.37, 5.96},
    {"PHAR", "PHA", "Glu", "sensory", 4.14, 770.06, -5.7},
    {"PHBL", "PHB", "Glu", "sensory", 5.55, 773.56, 6},
    {"PHBR", "PHB", "Glu", "sensory", 5.46, 773.4, -6.33},
    {"PHCL", "PHC", "Glu", "sensory", 5.39, 782.89, 4.74},
    {"PHCR", "PHC", "Glu", "sensory", 5.49, 782.27, -4.85},
    {"PLML", "PLM", "Glu", "sensory", 5.35, 794.74, 3.99},
    {"PLMR", "PLM", "Glu", "sensory", 5.12, 795.65, -4.57},
    {"PLNL", "PLN", "ACh", "inter", 3.83, 770.37, 5.29},
    {"PLNR", "PLN", "ACh", "inter", 4.33, 773.01, -4.55},
    {"PQR", "PQR", "Glu", "sensory", 4.86, 776.96, 5.2},
    {"PVCL", "PVC", "ACh", "inter", 6.51, 777.42, 4.85},
    {"PVCR", "PVC", "ACh", "inter", 5.98, 776.14, -5.19},
    {"PVDL", "PVD", "Glu", "sensory", 12.66, 555.97, -8.11},
    {"PVDR", "PVD", "Glu", "sensory", 11.6, 540.27, 7},
    {"PVM", "PVM", "", "sensory", 9.96, 556.1, -7.73},
    {"PVNL", "PVN", "ACh", "inter", 6.9, 794.35, 3.24},
    {"PVNR", "PVN", "ACh", "inter", 9.67, 800, -2.87},
    {"PVPL", "PVP", "ACh", "inter", -3.27, 731.85, 1.07},
    {"PVPR", "PVP", "ACh", "inter", -1.81, 737.11, -2.55},
    {"PVQL", "PVQ", "Glu", "inter", 6.02, 766.78, 6.41},
    {"PVQR", "PVQ", "Glu", "inter", 6.11, 767.28, -5.59},
    {"PVR", "PVR", "Glu", "inter", 8.07, 786.71, -3.88},
    {"PVT", "PVT", "", "inter", -2.9, 731.25, -1.85},
    {"PVWL", "PVW", "", "inter", 7.52, 782.97, 4.18},
    {"PVWR", "PVW", "", "inter", 7.74, 784.17, -4.13},
    {"RIAL", "RIA", "Glu", "inter", 9.98, 51.21, 5.75},
    {"RIAR", "RIA", "Glu", "inter", 9.13, 51.66, -7.32},
    {"RIBL", "RIB", "GABA", "inter", 3.07, 62.04, 6.02},
    {"RIBR", "RIB", "GABA", "inter", 2.3, 61.68, -6.76},
    {"RICL", "RIC", "Octopamine", "inter", 0.28, 70.85, 8.03},
    {"RICR", "RIC", "Octopamine", "inter", -0.2, 69.97, -8.23},
    {"RID", "RID", "", "inter", 15.71, 48.01, -2.99},
    {"RIFL", "RIF", "ACh", "inter", -8.14, 99.02, 2.31},
    {"RIFR", "RIF", "ACh", "inter", -9.05, 106.41, -1.71},
    {"RIGL", "RIG", "Glu", "inter", -8.73, 114.67, 1.71},
    {"RIGR", "RIG", "Glu", "inter", -8.93, 117.71, 0.23},
    {"RIH", "RIH", "ACh", "inter", -0.69, 47.05, -0.08},
    {"RIML", "RIM", "Glu", "motor", -0.63, 63.59, 4.45},
    {"RIMR", "RIM", "Glu", "motor", -1.99, 62.64, -4.65},
    {"RIPL", "RIP", "", "inter", 7.97, 35.3, 6.37},
    {"RIPR", "RIP", "", "inter", 7.11, 35.72, -6.56},
    {"RIR", "RIR", "ACh", "inter", 0.76, 54.1, 1.4},
    {"RIS", "RIS", "GABA", "inter", -7.68, 87.93, 0.35},
    {"RIVL", "RIV", "ACh", "inter", 11.92, 64.03, 4.43},
    {"RIVR", "RIV", "ACh", "inter", 11.31, 64.38, -7.21},
    {"RMDDL", "RMD", "ACh", "motor", 0.2, 55.78, 3.91},
    {"RMDDR", "RMD", "ACh", "motor", -0.46, 56.06, -2.32},
    {"RMDL", "RMD", "ACh", "motor", 3.32, 50.76, 8.18},
    {"RMDR", "RMD", "ACh", "motor", 1.87, 52.31, -7.88},
    {"RMDVL", "RMD", "ACh", "motor", 7.1, 47.33, 9.76},
    {"RMDVR", "RMD", "ACh", "motor", 5.29, 48.66, -10.21},
    {"RMED", "RME", "GABA", "motor", 15.5, 40.14, -2.72},
    {"RMEL", "RME", "GABA", "motor", 8.71, 38.03, 7.36},
    {"RMER", "RME", "GABA", "motor", 7.16, 38.76, -7.87},
    {"RMEV", "RME", "GABA", "motor", -0.27, 44.66, 1.17},
    {"RMFL", "RMF", "ACh", "motor", -3.06, 58.12, 1.77},
    {"RMFR", "RMF", "ACh", "motor", -2.4, 57.51, 0.07},
    {"RMGL", "RMG", "", "inter", -0.45, 98.07, 9.18},
    {"RMGR", "RMG", "", "inter", -1.47, 96.44, -10.33},
    {"RMHL", "RMH", "ACh", "motor", -0.78, 58.16, 3.15},
    {"RMHR", "RMH", "ACh", "motor", -1.22, 56.46, -0.14},
    {"SAADL", "SAA", "ACh", "inter", -0.9, 53.44, 1.45},
    {"SAADR", "SAA", "ACh", "inter", -0.86, 50.27, -0.39},
    {"SAAVL", "SAA", "ACh", "inter", 9.73, 49.05, 6.88},
    {"SAAVR", "SAA", "ACh", "inter", 8.24, 49.34, -8.03},
    {"SABD", "SAB", "ACh", "motor", -9.41, 121.86, -1.8},
    {"SABVL", "SAB", "ACh", "motor", -7.78, 86.35, 2.35},
    {"SABVR", "SAB", "ACh", "motor", -7.6, 80.61, -2.17},
    {"SDQL", "SDQ", "ACh", "inter", 8.99, 559.25, -7.45},
    {"SDQR", "SDQ", "ACh", "inter", 20, 241.27, 9.89},
    {"SIADL", "SIA", "ACh", "motor", -1.65, 55.68, 2.21},
    {"SIADR", "SIA", "ACh", "motor", -2.23, 53.27, -1.59},
    {"SIAVL", "SIA", "ACh", "motor", -3.37, 66.79, 3.33},
    {"SIAVR", "SIA", "ACh", "motor", -4.92, 69.64, -2.1},
    {"SIBDL", "SIB", "ACh", "motor", 1.28, 53.7, 6.25},
    {"SIBDR", "SIB", "ACh", "motor", 1.43, 54.5, -6.72},
    {"SIBVL", "SIB", "ACh", "motor", -2.49, 59.54, 2.74},
    {"SIBVR", "SIB", "ACh", "motor", -1.56, 53.46, -1.27},
    {"SMBDL", "SMB", "ACh", "motor", -1.85, 59.79, 2.44},
    {"SMBDR", "SMB", "ACh", "motor", -1.45, 60.22, -1.9},
    {"SMBVL", "SMB", "ACh", "motor", -2.88, 62.73, 3.55},
    {"SMBVR", "SMB", "ACh", "motor", -4.46, 67.29, -1.61},
    {"SMDDL", "SMD", "ACh", "motor", -0.48, 51.1, 2.46},
    {"SMDDR", "SMD", "ACh", "motor", 0.01, 54.1, -2.69},
    {"SMDVL", "SMD", "ACh", "motor", 10.92, 51.19, 7.29},
    {"SMDVR", "SMD", "ACh", "motor", 9.15, 51.03, -9.28},
    {"URADL", "URA", "ACh", "sensory", 12.53, 30.69, 4.5},
    {"URADR", "URA", "ACh", "sensory", 11.24, 31.32, -6.46},
    {"URAVL", "URA", "ACh", "sensory", 2.35, 33.57, 4.74},
    {"URAVR", "URA", "ACh", "sensory", 2.42, 34.97, -3.85},
    {"URBL", "URB", "ACh", "sensory", 7.53, 34.05, 8.41},
    {"URBR", "URB", "ACh", "sensory", 6.21, 34.27, -8.65},
    {"URXL", "URX", "ACh", "sensory", 13.05, 50.65, 2.27},
    {"URXR", "URX", "ACh", "sensory", 12.3, 50.87, -5.18},
    {"URYDL", "URY", "Glu", "sensory", 12.32, 34.36, 4.64},
    {"URYDR", "URY", "Glu", "sensory", 10.8, 35.22, -6.94},
    {"URYVL", "URY", "Glu", "sensory", 5.12, 32.7, 6.71},
    {"URYVR", "URY", "Glu", "sensory", 3.42, 33.1, -6.05},
    {"VA1", "VA", "ACh", "motor", -9.03, 108.33, 1.87},
    {"VA10", "VA", "ACh", "motor", -10.82, 633.31, -0.85},
    {"VA11", "VA", "ACh", "motor", -7.21, 690.16, 0.31},
    {"VA12", "VA", "ACh", "motor", -2.29, 737.02, 1.89},
    {"VA2", "VA", "ACh", "motor", -12.66, 155.9, 0.3},
    {"VA3", "VA", "ACh", "motor", -14.35, 209.48, -0.15},
    {"VA4", "VA", "ACh", "motor", -16.08, 274.69, 0.65},
    {"VA5", "VA", "ACh", "motor", -16.96, 337.32, 1.41},
    {"VA6", "VA", "ACh", "motor", -13.73, 407.98, 2.07},
    {"VA7", "VA", "ACh", "motor", -14.93, 459.17, 2.93},
    {"VA8", "VA", "ACh", "motor", -14.3, 505.74, 0.25},
    {"VA9", "VA", "ACh", "motor", -13.18, 572.47, -0.53},
    {"VB1", "VB", "ACh", "motor", -8.78, 105.5, 1.39},
    {"VB10", "VB", "ACh", "motor", -13.68, 581.55, -0.7},
    {"VB11", "VB", "ACh", "motor", -9.69, 640.5, -0.66},
    {"VB2", "VB", "ACh", "motor", -8.14, 85.76, 1.61},
    {"VB3", "VB", "ACh", "motor", -13.05, 162.52, 0.5},
    {"VB4", "VB", "ACh", "motor", -14.8, 217.31, -0.1},
    {"VB5", "VB", "ACh", "motor", -16.37, 287.47, 0.62},
    {"VB6", "VB", "ACh", "motor", -16.78, 342.69, 1.46},
    {"VB7", "VB", "ACh", "motor", -14.51, 405.49, 1.1},
    {"VB8", "VB", "ACh", "motor", -15.05, 467.4, 2.99},
    {"VB9", "VB", "ACh", "motor", -14.45, 524.97, -0.04},
    {"VC1", "VC", "ACh", "motor", -13.22, 224.54, -0.14},
    {"VC2", "VC", "ACh", "motor", -17.48, 294.26, 0.5},
    {"VC3", "VC", "ACh", "motor", -16.6, 383.44, 1.4},
    {"VC4", "VC", "ACh", "motor", -11.49, 441.76, 0.18},
    {"VC5", "VC", "ACh", "motor", -8.49, 455.55, 0.58},
    {"VC6", "VC", "ACh", "motor", -12.14, 530.44, 0.58},
    {"VD1", "VD", "GABA", "motor", -8.15, 113.77, 1.06},
    {"VD10", "VD", "GABA", "motor", -11.22, 602.94, -0.04},
    {"VD11", "VD", "GABA", "motor", -8.57, 660.86, -0.53},
    {"VD12", "VD", "GABA", "motor", -3.93, 727.56, 0.66},
    {"VD13", "VD", "GABA", "motor", -0.35, 744.41, -3.3},
    {"VD2", "VD", "GABA", "motor", -9.95, 132.47, -1.74},
    {"VD3", "VD", "GABA", "motor", -13.59, 206.99, -0.45},
    {"VD4", "VD", "GABA", "motor", -14.6, 263.69, 1.18},
    {"VD5", "VD", "GABA", "motor", -16.5, 319.93, 0.56},
    {"VD6", "VD", "GABA", "motor", -15.85, 383.75, 0.96},
    {"VD7", "VD", "GABA", "motor", -14.25, 431.61, -1.05},
    {"VD8", "VD", "GABA", "motor", -13.22, 482.54, 2.6},
    {"VD9", "VD", "GABA", "motor", -13.48, 548.63, -0.01},
};

const bram_neuron *bram_neuron_at(size_t i)
{
    assert(i < BRAM_NEURONS);
    return &neurons[i];
}

int bram_neuron_find(const char *name)
{
    size_t low = 0, high = BRAM_NEURONS;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, neurons[middle].name);
        if (order == 0) return (int)middle;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return -1;
}

bool bram_neuron_class_is_numbered(const char *class_name, size_t length)
{
    static const char *const numbered[] = {"AS", "DA", "DB", "DD", "VA", "VB", "VC", "VD"};
    for (size_t i = 0; length == 2 && i < sizeof numbered / sizeof *numbered; i++)
        if (memcmp(class_name, numbered[i], 2) == 0) return true;
    return false;
}

/*
 * Class names have three characters, except those of the cord's numbered motor neurons and of the
 * pharynx (I1..I6, M1..M5, MC, MI), which have two. IL1 and IL2 begin with I but no digit follows.
 */
size_t bram_neuron_class_length(const char *name)
{
    bool pharynx = name[0] == 'M' || (name[0] == 'I' && isdigit((unsigned char)name[1]));
    bool cord = strlen(name) > 2 && isdigit((unsigned char)name[2]) &&
                bram_neuron_class_is_numbered(name, 2);
    return pharynx || cord ? 2 : 3;
}

size_t bram_neuron_class_members(const char *class_name, size_t length, size_t *first)
{
    size_t count = 0;
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        if (strlen(neurons[i].class_name) == length &&
            memcmp(neurons[i].class_name, class_name, length) == 0 && count++ == 0)
            *first = i;
    return count;
}

/* ---- other cells ---------------------------------------------------------------------------- */

/* A name is this prefix, then nothing but letters and digits that tell a place (pm3VL, BWM-DL01).
 */
static const struct cells {
    const char *prefix;
    bram_cell_kind kind;
} other_cells[] = {
    {"DBWM", BRAM_CELL_MUSCLE},
    {"VBWM", BRAM_CELL_MUSCLE},
    {"BWM", BRAM_CELL_MUSCLE},
    {"MDL", BRAM_CELL_MUSCLE},
    {"MDR", BRAM_CELL_MUSCLE},
    {"MVL", BRAM_CELL_MUSCLE},
    {"MVR", BRAM_CELL_MUSCLE},
    {"MANAL", BRAM_CELL_MUSCLE},
    {"MVULVA", BRAM_CELL_MUSCLE},
    {"PM1", BRAM_CELL_MUSCLE},
    {"PM2", BRAM_CELL_MUSCLE},
    {"PM3", BRAM_CELL_MUSCLE},
    {"PM4", BRAM_CELL_MUSCLE},
    {"PM5", BRAM_CELL_MUSCLE},
    {"PM6", BRAM_CELL_MUSCLE},
    {"PM7", BRAM_CELL_MUSCLE},
    {"PM8", BRAM_CELL_MUSCLE},
    {"UM1", BRAM_CELL_MUSCLE},
    {"UM2", BRAM_CELL_MUSCLE},
    {"VM1", BRAM_CELL_MUSCLE},
    {"VM2", BRAM_CELL_MUSCLE},
    {"MU_INT", BRAM_CELL_MUSCLE},
    {"MU_ANAL", BRAM_CELL_MUSCLE},
    {"ANAL", BRAM_CELL_MUSCLE},
    {"MU_SPH", BRAM_CELL_MUSCLE},
    {"MU_SPHINCTER", BRAM_CELL_MUSCLE},
    {"SPH", BRAM_CELL_MUSCLE},
    {"LEGACYBODYWALLMUSCLES", BRAM_CELL_MUSCLE},
    {"DEFECATIONMUSCLES", BRAM_CELL_MUSCLE},
    {"NMJ", BRAM_CELL_MUSCLE},
    {"MUSCLE", BRAM_CELL_MUSCLE},
    {"GLR", BRAM_CELL_GLIA},
    {"CEPSH", BRAM_CELL_GLIA},
    {"CEPSO", BRAM_CELL_GLIA},
    {"AMSH", BRAM_CELL_GLIA},
    {"AMSO", BRAM_CELL_GLIA},
    {"PHSH", BRAM_CELL_GLIA},
    {"PHSO", BRAM_CELL_GLIA},
    {"ILSH", BRAM_CELL_GLIA},
    {"ILSO", BRAM_CELL_GLIA},
    {"OLLSH", BRAM_CELL_GLIA},
    {"OLLSO", BRAM_CELL_GLIA},
    {"OLQSH", BRAM_CELL_GLIA},
    {"OLQSO", BRAM_CELL_GLIA},
    {"ADESH", BRAM_CELL_GLIA},
    {"ADESO", BRAM_CELL_GLIA},
    {"PDESH", BRAM_CELL_GLIA},
    {"PDESO", BRAM_CELL_GLIA},
    {"CAN", BRAM_CELL_OTHER},
    {"MC1", BRAM_CELL_OTHER},
    {"MC2", BRAM_CELL_OTHER},
    {"MC3", BRAM_CELL_OTHER},
    {"E1", BRAM_CELL_OTHER},
    {"E2", BRAM_CELL_OTHER},
    {"E3", BRAM_CELL_OTHER},
    {"G1", BRAM_CELL_OTHER},
    {"G2", BRAM_CELL_OTHER},
    {"EXC_GL", BRAM_CELL_OTHER},
    {"EXCGL", BRAM_CELL_OTHER},
    {"EXC_CELL", BRAM_CELL_OTHER},
    {"EXC_DUCT", BRAM_CELL_OTHER},
    {"HMC", BRAM_CELL_OTHER},
    {"HYP", BRAM_CELL_OTHER},
    {"INT", BRAM_CELL_OTHER},
    {"INTESTINE", BRAM_CELL_OTHER},
    {"BM", BRAM_CELL_OTHER},
    {"XXX", BRAM_CELL_OTHER},
    {"CC", BRAM_CELL_OTHER},
    {"FRAGMENT", BRAM_CELL_OTHER},
    {"NR_FRAGMENT", BRAM_CELL_OTHER},
    {"VNCFRAG", BRAM_CELL_OTHER},
};

static bool tells_a_place(const char *rest)
{
    return rest[strspn(rest, "DVLRAP-0123456789")] == 0 || strcmp(rest, "_UNSPECIFIED") == 0;
}

bram_cell_kind bram_cell_recognize(const char *name)
{
    char upper[32];
    size_t length = strlen(name);
    if (length >= sizeof upper) return BRAM_CELL_UNKNOWN;
    for (size_t i = 0; i <= length; i++) upper[i] = (char)toupper((unsigned char)name[i]);
    if (bram_neuron_find(upper) >= 0) return BRAM_CELL_UNKNOWN;

    for (size_t i = 0; i < sizeof other_cells / sizeof *other_cells; i++) {
        size_t prefix = strlen(other_cells[i].prefix);
        if (length >= prefix && memcmp(upper, other_cells[i].prefix, prefix) == 0 &&
            tells_a_place(upper + prefix))
            return other_cells[i].kind;
    }
    return BRAM_CELL_UNKNOWN;
}
