/* What there is to choose from, as the entries of drop-downs: the services, a service's models, and what a model offers.
 * Each function empties its list first; lists are of SfumatoChoice.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "services/sfumato-service.h"
#include "ui/widgets/sfumato-choice.h"

G_BEGIN_DECLS

void sfumato_choices_fill_services (GListStore         *list,
                                    GListModel         *services);
void sfumato_choices_fill_models   (GListStore         *list,
                                    const SfumatoModel *models);
void sfumato_choices_fill_shapes   (GListStore         *list,
                                    const SfumatoModel *model);
void sfumato_choices_fill_sizes    (GListStore         *list,
                                    const SfumatoModel *model);
void sfumato_choices_fill_samplers (GListStore         *list,
                                    const SfumatoModel *model);
void sfumato_choices_fill_styles   (GListStore         *list,
                                    const SfumatoModel *model);
void sfumato_choices_fill_formats  (GListStore         *list,
                                    const SfumatoModel *model);

/* Selects the entry of that id; the first one where the row does not have it, as the form will ask for. */
void sfumato_choices_select        (AdwComboRow        *row,
                                    const char         *id);

G_END_DECLS
